//! The catalogue: texts by id, with their holes filled.

use super::diagnostics::{Templates, fill, fill_numbered, templates};
use super::spacing::{BEGIN, END, close_up};
use super::{Id, Language};
use crate::message::Message;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::fmt;

/// A hole of a message and what fills it. Numbers come as text, so that no language puts separators into a port.
pub type Arg<'a> = (&'a str, &'a str);

/// The texts of one language. English stands in where another language lacks one, which a test forbids.
pub struct Messages {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    diagnostics: Templates,
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("language", &self.language).finish_non_exhaustive()
    }
}

/// The file of a language.
pub(super) const fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("en.ftl"),
        Language::ZhCn => include_str!("zh-CN.ftl"),
    }
}

impl Messages {
    /// The texts of a language.
    pub fn new(language: Language) -> Self {
        let tag = language.name().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Terminals and logs would show the isolation marks as garbage.
        bundle.set_use_isolating(false);
        for language in [Language::En, language] {
            // What can be read of a file with errors is used; a test finds the errors.
            let resource = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(rest, _)| rest);
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle, diagnostics: templates(language) }
    }

    /// The language spoken.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// What a room below says ([`Message`]), in this language. What its catalogue lacks, which a test forbids, stays
    /// English.
    pub fn told(&self, message: &Message) -> String {
        let Some(template) = message.template().filter(|_| self.language != Language::En) else {
            return message.to_string();
        };
        let parts: Vec<String> =
            message.parts().iter().map(|part| format!("{BEGIN}{}{END}", self.told(part))).collect();
        close_up(&match self.diagnostics.get(template) {
            Some(own) => fill_numbered(own, &parts),
            None => fill(template, &parts),
        })
    }

    /// Words of the catalogue of diagnostics, by the English ones.
    pub fn own<'w>(&self, english: &'w str) -> &'w str {
        self.diagnostics.get(english).map_or(english, |own| own)
    }

    /// A text without holes.
    pub fn text(&self, id: Id) -> String {
        self.format(id, &[])
    }

    /// A text with its holes filled.
    pub fn format(&self, id: Id, args: &[Arg<'_>]) -> String {
        let mut values = FluentArgs::with_capacity(args.len());
        let chinese = self.language == Language::ZhCn;
        for (name, value) in args {
            if chinese {
                values.set(*name, format!("{BEGIN}{value}{END}"));
            } else {
                values.set(*name, *value);
            }
        }
        let Some(pattern) = self.bundle.get_message(id.name()).and_then(|message| message.value()) else {
            return id.name().to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{}: {errors:?}", id.name());
        if chinese { close_up(&text) } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Every message of a file with its arguments.
    fn catalogue(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let text = source(language);
        FluentResource::try_new(text.to_owned()).expect("the file has no errors");
        text.lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| {
                let (id, pattern) = line.split_once(" = ").expect("one message a line");
                let arguments = pattern.split("{ $").skip(1).filter_map(|rest| rest.split_once(" }"));
                (id.to_owned(), arguments.map(|(name, _)| name.to_owned()).collect())
            })
            .collect()
    }

    #[test]
    fn every_language_has_every_message_with_the_same_arguments() {
        let english = catalogue(Language::En);
        for language in Language::ALL {
            let other = catalogue(language);
            for (id, arguments) in &english {
                assert_eq!(other.get(id), Some(arguments), "{id} in {language}");
            }
            assert_eq!(english.len(), other.len(), "{language} has messages that English has not");
        }
    }

    #[test]
    fn every_id_is_a_message_and_every_message_has_an_id() {
        let names: BTreeSet<String> = Id::ALL.iter().map(|id| id.name().to_owned()).collect();
        assert_eq!(names.len(), Id::ALL.len(), "no name twice");
        assert_eq!(names, catalogue(Language::En).into_keys().collect());
    }

    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("narrate/ids.rs") {
                all.push_str(&std::fs::read_to_string(path).expect("readable"));
            }
        }
    }

    #[test]
    fn no_message_is_unused() {
        let mut all = String::new();
        sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut all);
        let used: BTreeSet<&str> = all
            .split("Id::")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next())
            .collect();
        let unused: Vec<&Id> = Id::ALL.iter().filter(|id| !used.contains(format!("{id:?}").as_str())).collect();
        assert_eq!(unused, [] as [&Id; 0]);
    }

    #[test]
    fn numbers_and_holes_are_filled_as_they_are() {
        let messages = Messages::new(Language::En);
        let text = messages.format(Id::DoorPort, &[("port", "50121")]);
        assert_eq!(text, "port 50121");
        let chinese = Messages::new(Language::ZhCn);
        assert_eq!(chinese.text(Id::ModeActive), "主动模式");
        let args = |peer| [("node", "client"), ("peer", peer), ("bytes", "9"), ("connection", "连接")];
        assert_eq!(chinese.format(Id::SentData, &args("服务器 甲")), "client 在连接上向服务器 甲发送 9 字节。");
        assert_eq!(chinese.format(Id::SentData, &args("web")), "client 在连接上向 web 发送 9 字节。");
    }
}
