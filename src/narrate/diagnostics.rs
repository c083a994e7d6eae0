//! What rooms below narration say ([`Message`](crate::message::Message)) in the reader's language: diagnostics of scenarios and rules, mostly.
//!
//! The English words stand where the mistake is found; here is a catalogue for each other language, whose keys are these
//! words. Two lines an entry: the English template as in the source, and below it, indented, the other language's, whose
//! places have numbers since their order may differ: `{} is not {}` and `{0} 不是 {1}`. All other braces, and what stands
//! in backticks, are text.

use super::Language;
use std::collections::BTreeMap;

/// A language's templates by the English ones.
pub(super) type Templates = BTreeMap<&'static str, &'static str>;

/// The catalogue of a language; English needs none.
pub(super) fn templates(language: Language) -> Templates {
    match language {
        Language::En => Templates::new(),
        Language::ZhCn => entries(include_str!("diagnostics-zh-CN.txt")).collect(),
    }
}

fn entries(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?.trim_start())))
}

/// The template with its places `{}` filled in their order.
pub(super) fn fill(template: &str, parts: &[String]) -> String {
    let mut parts = parts.iter();
    let mut words = template.split("{}");
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, words| text + parts.next().map_or("", String::as_str) + words)
}

/// The template with its places `{0}`, `{1}`, ... filled.
pub(super) fn fill_numbered(template: &str, parts: &[String]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = rest.find('}').and_then(|end| Some((rest[1..end].parse::<usize>().ok()?, end)));
        if let Some((part, end)) = place.and_then(|(number, end)| Some((parts.get(number)?, end))) {
            text.push_str(part);
            rest = &rest[end + 1..];
        } else {
            text.push('{');
            rest = &rest[1..];
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, say};
    use crate::narrate::Messages;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every template in the sources.
    fn sources(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !name.contains("tests")
                && name != "message.rs"
                && name != "diagnostics.rs"
            {
                let text = std::fs::read_to_string(&path).expect("readable");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                found.extend(code.split("say!(").skip(1).filter_map(|rest| literal(rest.trim_start())));
            }
        }
    }

    /// The string literal that a text begins with.
    fn literal(text: &str) -> Option<String> {
        let mut rest = text.strip_prefix('"')?.chars();
        let mut literal = String::new();
        loop {
            match rest.next()? {
                '"' => return Some(literal),
                '\\' => match rest.next()? {
                    '\n' => rest = rest.as_str().trim_start().chars(),
                    escaped => literal.push(escaped),
                },
                c => literal.push(c),
            }
        }
    }

    /// What stands in backticks, with places numbered.
    fn code(template: &str) -> BTreeSet<String> {
        template.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn numbered(template: &str) -> String {
        let mut words = template.split("{}").zip(0..);
        let first = words.next().map(|(words, _)| words.to_owned()).unwrap_or_default();
        words.fold(first, |text, (words, at)| format!("{text}{{{}}}{words}", at - 1))
    }

    #[test]
    fn every_template_of_the_sources_is_in_the_catalogue_with_the_same_places_and_code() {
        let mut used = BTreeSet::new();
        sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut used);
        used.extend(crate::cli::help::texts());
        assert!(used.len() > 500, "{}", used.len());
        let text = include_str!("diagnostics-zh-CN.txt");
        let catalogue = templates(Language::ZhCn);
        assert_eq!(entries(text).count(), catalogue.len(), "no entry twice");
        for template in &used {
            let has_words = template.split('`').step_by(2).any(|words| words.contains(char::is_alphabetic));
            let Some(own) = catalogue.get(template.as_str()) else {
                assert!(!has_words, "the catalogue lacks: {template}");
                continue;
            };
            for place in 0..template.matches("{}").count() {
                assert!(own.contains(&format!("{{{place}}}")), "{template}: no place {{{place}}} in {own}");
            }
            assert_eq!(code(&numbered(template)), code(own), "{template}: {own}");
        }
        for template in catalogue.keys() {
            assert!(used.contains(*template), "nothing says: {template}");
        }
    }

    #[test]
    fn parts_are_told_too_and_blanks_fit_the_language() {
        let message = say!("{} is not {}", "`x`", say!("a port"));
        let list = say!("{} is {}", say!("a port"), say!("{} or {}", "`a`, `b`", "`c`"));
        let english = Messages::new(Language::En);
        assert_eq!(english.told(&message), "`x` is not a port");
        let chinese = Messages::new(Language::ZhCn);
        assert_eq!(chinese.told(&message), "`x` 不是端口");
        assert_eq!(chinese.told(&list), "端口可以是 `a`, `b` 或 `c`");
        assert_eq!(
            chinese.told(&say!("write a set: `ct state {}{ new, related }`", "!= ")),
            "请写集合：`ct state != { new, related }`"
        );
        assert_eq!(chinese.told(&Message::plain("a port")), "a port");
    }
}
