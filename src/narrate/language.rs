//! Which language to speak.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A language that everything is said in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The name on the command line, a BCP 47 tag: `en`, `zh-CN`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language that was asked for, or else that of the user's environment (`LC_ALL`, `LC_MESSAGES`, `LANG`), or
    /// else English.
    pub fn detect(explicit: Option<Self>) -> Self {
        explicit.or_else(|| sys_locale::get_locale()?.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name of no language that everything is said in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no language '{0}': write en or zh-CN")]
pub struct UnknownLanguage(pub String);

/// Reads `zh-CN`, and the names of locales that mean the same: `zh`, `zh_CN.UTF-8`, `en_US`. Only the language counts:
/// a reader of Traditional Chinese is better served by Simplified Chinese than by English.
impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let language = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::ZhCn),
            _ => Err(UnknownLanguage(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_read_by_their_language() {
        for text in ["zh-CN", "zh", "zh_CN.UTF-8", "zh-Hans-CN", "ZH_cn"] {
            assert_eq!(text.parse(), Ok(Language::ZhCn), "{text}");
        }
        for text in ["en", "en_US", "en-GB", "en_US.UTF-8@euro"] {
            assert_eq!(text.parse(), Ok(Language::En), "{text}");
        }
        for text in ["", "C", "POSIX", "de_DE", "zhuang"] {
            assert_eq!(text.parse::<Language>(), Err(UnknownLanguage(text.to_owned())));
        }
        assert_eq!(Language::detect(Some(Language::ZhCn)), Language::ZhCn);
    }
}
