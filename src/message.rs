//! What is said to the user by rooms that know no language: the English words, and what a catalogue needs to say the
//! same in another.
//!
//! Whoever finds a mistake writes the English sentence in place, with [`say!`](crate::message::say): `say!("{} is not an
//! address", quote(text))`. The template is the key of the other languages' catalogues (`narrate::diagnostics`), and the
//! parts stay apart until somebody asks for a language; parts that have words in them are said by [`say!`] themselves.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Deref;

/// A sentence or a part of one. It reads as its English text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Message {
    english: Box<str>,
    /// The sentence with places `{}` for its parts; `None`: a name or a number, the same in every language.
    template: Option<&'static str>,
    parts: Box<[Message]>,
}

/// Words without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase(&'static str);

/// What can stand in a place of a template. Text that is not a [`Phrase`] or a [`Message`] is the same in every language.
pub(crate) trait Part {
    /// As a part of a sentence.
    fn part(&self) -> Message;
}

/// Makes a [`Phrase`] of a literal, and a [`Message`] of a literal with places `{}` and what stands in them. Every other
/// brace stands for itself, as messages show many.
macro_rules! say {
    ($words:literal $(,)?) => {
        const { $crate::message::Phrase::new($words) }
    };
    ($template:literal, $($part:expr),+ $(,)?) => {
        $crate::message::Message::new(
            const { $crate::message::template($template, [$(stringify!($part)),+].len()) },
            vec![$($crate::message::Part::part(&$part)),+],
        )
    };
}
pub(crate) use say;

impl Message {
    pub(crate) fn new(template: &'static str, parts: Vec<Self>) -> Self {
        let mut english = String::new();
        let mut rest = template.split("{}");
        english.push_str(rest.next().unwrap_or_default());
        for (part, words) in parts.iter().zip(rest) {
            english.push_str(part);
            english.push_str(words);
        }
        Self { english: english.into(), template: Some(template), parts: parts.into() }
    }

    /// A name, a number or other text that is the same in every language.
    pub(crate) fn plain(text: impl Into<Box<str>>) -> Self {
        Self { english: text.into(), template: None, parts: Box::default() }
    }

    /// The key in a catalogue; `None` if the text is the same in every language.
    pub fn template(&self) -> Option<&'static str> {
        self.template
    }

    /// What stands in the template's places.
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }
}

impl Phrase {
    /// No words at all.
    pub(crate) const NONE: Self = Self("");

    pub(crate) const fn new(words: &'static str) -> Self {
        assert!(places(words) == 0, "words without parts have no places");
        Self(words)
    }
}

/// `template`, which has a place for each of so many parts.
pub(crate) const fn template(template: &'static str, parts: usize) -> &'static str {
    assert!(places(template) == parts, "a part for each place");
    template
}

/// How many places `{}` a template has.
const fn places(template: &str) -> usize {
    let bytes = template.as_bytes();
    let (mut at, mut count) = (0, 0);
    while at + 1 < bytes.len() {
        if bytes[at] == b'{' && bytes[at + 1] == b'}' {
            count += 1;
        }
        at += 1;
    }
    count
}

impl Deref for Message {
    type Target = str;

    fn deref(&self) -> &str {
        &self.english
    }
}

impl Deref for Phrase {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.english)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.english, f)
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, other: &&str) -> bool {
        *self.english == **other
    }
}

impl From<Phrase> for Message {
    fn from(phrase: Phrase) -> Self {
        if phrase.is_empty() { Self::default() } else { Self::new(phrase.0, Vec::new()) }
    }
}

impl From<&Message> for Message {
    fn from(message: &Self) -> Self {
        message.clone()
    }
}

impl Part for Message {
    fn part(&self) -> Message {
        self.clone()
    }
}

impl<P: Part + ?Sized> Part for &P {
    fn part(&self) -> Message {
        (**self).part()
    }
}

impl Part for Phrase {
    fn part(&self) -> Message {
        (*self).into()
    }
}

macro_rules! parts_as_they_are {
    ($($kind:ty),+) => {$(
        impl Part for $kind {
            fn part(&self) -> Message {
                Message::plain(self.to_string())
            }
        }
    )+};
}
parts_as_they_are!(str, String, char, u8, u16, u32, u64, usize, i64, IpAddr, Ipv4Addr, Ipv6Addr, ipnet::IpNet);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_as_its_english_text_and_keeps_its_parts() {
        let port = say!("a port");
        let message = say!("{} is not {}: write `{ 21 }`", "`x`", port);
        assert_eq!(&*message, "`x` is not a port: write `{ 21 }`");
        assert_eq!(message.template(), Some("{} is not {}: write `{ 21 }`"));
        assert_eq!(message.parts()[0].template(), None);
        assert_eq!(message.parts()[1].template(), Some("a port"));
        assert_eq!(format!("{message} {message:?}"), format!("{} {:?}", &*message, &*message));
        assert!(Message::from(Phrase::NONE).is_empty());
    }
}
