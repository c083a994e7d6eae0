//! Walking the parsed TOML with spans, and collecting everything that is wrong on the way.

use super::Diagnostic;
use crate::message::{Message, Phrase, say};
use crate::suggest::{closest, did_you_mean, one_of, quote};
use crate::time::Duration;
use crate::units::{self, UnitError};
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// More than this helps nobody, and a hostile file could have a million.
const MOST: usize = 100;

/// Everything found wrong so far.
pub(super) struct Problems<'s> {
    source: &'s str,
    /// Where the lines end.
    lines: Vec<usize>,
    found: Vec<Diagnostic>,
    more: usize,
    /// Sections of the file whose TOML is broken: what is found in them may only be misread.
    damaged: Vec<Range<usize>>,
}

/// A string and where its text stands in the source.
pub(super) struct Located {
    literal: Range<usize>,
    /// `None` if the literal has escapes.
    start: Option<usize>,
}

impl Located {
    /// The place of a part of the text; the whole literal if it has escapes.
    pub(super) fn part(&self, inner: Range<usize>) -> Range<usize> {
        self.start.map_or_else(|| self.literal.clone(), |start| start + inner.start..start + inner.end)
    }
}

/// A value and what messages call it.
#[derive(Clone)]
pub(super) struct Field<'d> {
    /// The key in backticks, or a phrase such as "a command".
    pub(super) name: Message,
    pub(super) key: &'d str,
    pub(super) key_span: Range<usize>,
    pub(super) value: &'d Spanned<DeValue<'d>>,
}

impl Field<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }
}

/// A table whose keys are read one by one, in source order.
pub(super) struct Table<'d> {
    pub(super) fields: Vec<Field<'d>>,
    pub(super) span: Range<usize>,
}

impl<'d> Table<'d> {
    pub(super) fn new(table: &'d DeTable<'d>, span: Range<usize>) -> Self {
        let mut fields: Vec<Field<'d>> = table
            .iter()
            .map(|(key, value)| Field {
                name: Message::plain(quote(key.get_ref())),
                key: key.get_ref(),
                key_span: key.span(),
                value,
            })
            .collect();
        fields.sort_by_key(|field| field.key_span.start);
        Self { fields, span }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Field<'d>> {
        self.fields.iter().find(|field| field.key == key)
    }
}

impl<'s> Problems<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let lines = source.match_indices('\n').map(|(at, _)| at).collect();
        Self { source, lines, found: Vec::new(), more: 0, damaged: Vec::new() }
    }

    /// What was found so far.
    pub(super) fn found(&self) -> &[Diagnostic] {
        &self.found
    }

    /// From now on, what stands in these sections is not judged.
    pub(super) fn damage(&mut self, mut sections: Vec<Range<usize>>) {
        // In order and apart, so that a place is found by halving: a hostile file has as many as lines.
        sections.sort_by_key(|section| (section.start, section.end));
        self.damaged.clear();
        for section in sections {
            match self.damaged.last_mut() {
                Some(last) if section.start <= last.end => last.end = last.end.max(section.end),
                _ => self.damaged.push(section),
            }
        }
    }

    /// Whether a place is in a section whose TOML is broken.
    pub(super) fn is_damaged(&self, at: usize) -> bool {
        let next = self.damaged.partition_point(|section| section.start <= at);
        next > 0 && self.damaged[next - 1].contains(&at)
    }

    /// Whether what is missing may only have been misread: a section whose TOML is broken has the word.
    pub(super) fn may_miss(&self, word: &str) -> bool {
        self.damaged.iter().any(|section| self.source.get(section.clone()).is_some_and(|text| text.contains(word)))
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_damaged(diagnostic.span.start) {
            return;
        }
        if self.found.len() < MOST {
            self.found.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// An error with advice.
    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<Message>, help: impl Into<Message>) {
        self.push(Diagnostic::error(span, message).help(help));
    }

    /// In source order, with a word about those that were too many.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| diagnostic.span.start);
        if self.more > 0 {
            let end = self.source.len();
            self.found.push(Diagnostic::error(end..end, say!("{} more problems are not shown", self.more)));
        }
        self.found
    }

    /// The line of byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        self.lines.partition_point(|&end| end < at) as u32 + 1
    }

    /// Whether no more is shown anyway, so that advice need not be looked for.
    pub(super) fn full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// The candidate that `word` may be a misspelling of.
    pub(super) fn closest<'a>(&self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if self.full() { None } else { closest(word, candidates) }
    }

    /// Where the string `text` stands in the literal at `literal`.
    pub(super) fn locate(&self, literal: Range<usize>, text: &str) -> Located {
        let raw = self.source.get(literal.clone()).unwrap_or_default();
        // One quote, three, or three and a line break.
        let quotes = [1, 3, 4, 5].into_iter().find(|&at| raw.get(at..at + text.len()) == Some(text));
        Located { start: quotes.map(|at| literal.start + at), literal }
    }

    /// Every key of `table` must be in `keys`.
    pub(super) fn known(&mut self, table: &Table<'_>, place: Phrase, keys: &[&str]) {
        for field in table.fields.iter().filter(|field| !keys.contains(&field.key)) {
            let help = did_you_mean(
                self.closest(field.key, keys.iter().copied()),
                say!("{} can have: {}", place, keys.join(", ")),
            );
            self.error(field.key_span.clone(), say!("{} has no key {}", place, quote(field.key)), help);
        }
    }

    /// A key that must be there.
    pub(super) fn required<'t, 'd>(
        &mut self,
        table: &'t Table<'d>,
        place: Phrase,
        key: &str,
        example: &str,
    ) -> Option<&'t Field<'d>> {
        let field = table.get(key);
        let whole = table.span.start == 0 && table.span.end == self.source.len();
        if field.is_none() && !(whole && self.may_miss(key)) {
            let first_line = self.source[table.span.clone()].lines().next().unwrap_or_default();
            let span = table.span.start..table.span.start + first_line.len();
            self.error(span, say!("{} has no `{}`", place, key), say!("add `{}`", example));
        }
        field
    }

    /// `field` is of another type than `expected`, which reads like `a string`.
    pub(super) fn wrong_type(&mut self, field: &Field<'_>, expected: impl Into<Message>, example: &str) {
        let found = match field.value.get_ref() {
            DeValue::String(_) => say!("a string"),
            DeValue::Integer(_) => say!("a whole number"),
            DeValue::Float(_) => say!("a number with a fraction"),
            DeValue::Boolean(_) => say!("true or false"),
            DeValue::Datetime(_) => say!("a date"),
            DeValue::Array(_) => say!("a list"),
            DeValue::Table(_) => say!("a table"),
        };
        let help = if example.is_empty() { Message::default() } else { say!("write for example `{}`", example) };
        // A table that was opened by its header is long; its key says enough.
        let span = if field.value.get_ref().is_table() { field.key_span.clone() } else { field.span() };
        self.error(span, say!("{} must be {}, not {}", field.name, expected.into(), found), help);
    }

    pub(super) fn string<'d>(&mut self, field: &Field<'d>, example: &str) -> Option<&'d str> {
        let text = field.value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(field, say!("a string"), example);
        }
        text
    }

    /// A string of one line without control characters.
    pub(super) fn line_of_text<'d>(&mut self, field: &Field<'d>, longest: usize) -> Option<&'d str> {
        let text = self.string(field, "")?;
        if text.trim().is_empty() {
            self.error(field.span(), say!("{} is empty", field.name), Phrase::NONE);
        } else if text.chars().any(char::is_control) {
            self.error(
                field.span(),
                say!("{} holds control characters", field.name),
                say!("write one line of plain text"),
            );
        } else if text.chars().count() > longest {
            self.error(field.span(), say!("{} is longer than {} characters", field.name, longest), Phrase::NONE);
        } else {
            return Some(text);
        }
        None
    }

    pub(super) fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        let value = field.value.get_ref().as_bool();
        if value.is_none() {
            self.wrong_type(field, say!("true or false"), "");
        }
        value
    }

    pub(super) fn integer(&mut self, field: &Field<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(integer) = field.value.get_ref().as_integer() else {
            self.wrong_type(field, say!("a whole number"), "");
            return None;
        };
        let value = u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|value| range.contains(value));
        if value.is_none() {
            let (low, high) = (range.start(), range.end());
            self.error(field.span(), say!("{} must be between {} and {}", field.name, low, high), Phrase::NONE);
        }
        value
    }

    pub(super) fn port(&mut self, field: &Field<'_>) -> Option<u16> {
        self.integer(field, 1..=65535).map(|port| port as u16)
    }

    pub(super) fn duration(&mut self, field: &Field<'_>) -> Option<Duration> {
        self.quantity(field, say!("a duration"), "\"5 ms\"", units::duration)
    }

    /// A string with a unit.
    pub(super) fn quantity<T>(
        &mut self,
        field: &Field<'_>,
        what: Phrase,
        example: &str,
        read: fn(&str) -> Result<T, UnitError>,
    ) -> Option<T> {
        let Some(text) = field.value.get_ref().as_str() else {
            self.wrong_type(field, say!("{} in quotes", what), &format!("{} = {example}", field.key));
            return None;
        };
        read(text).map_err(|error| self.error(field.span(), error.message, error.help)).ok()
    }

    /// One of the words of `table`.
    pub(super) fn choice<T: Copy>(&mut self, field: &Field<'_>, table: &[(&str, T)]) -> Option<T> {
        let names = || table.iter().map(|(name, _)| *name);
        let text = self.string(field, names().next().unwrap_or_default())?;
        let found = table.iter().find(|(name, _)| *name == text).map(|&(_, value)| value);
        if found.is_none() {
            let help = did_you_mean(self.closest(text, names()), say!("{} is {}", field.name, one_of(names())));
            self.error(field.span(), say!("{} cannot be {}", field.name, quote(text)), help);
        }
        found
    }

    pub(super) fn table<'d>(&mut self, field: &Field<'d>, example: &str) -> Option<Table<'d>> {
        let table = field.value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(field, say!("a table"), example);
        }
        table.map(|table| Table::new(table, field.span()))
    }

    /// The entries of a list; each is called `item`.
    pub(super) fn list<'d>(&mut self, field: &Field<'d>, item: Phrase, example: &str) -> Option<Vec<Field<'d>>> {
        let Some(array) = field.value.get_ref().as_array() else {
            self.wrong_type(field, say!("a list"), example);
            return None;
        };
        Some(array.iter().map(|value| element(field, item, value)).collect())
    }
}

/// One value, or a list of such.
pub(super) fn one_or_list<'d>(field: &Field<'d>, item: Phrase) -> Vec<Field<'d>> {
    match field.value.get_ref().as_array() {
        Some(array) => array.iter().map(|value| element(field, item, value)).collect(),
        None => vec![field.clone()],
    }
}

fn element<'d>(list: &Field<'d>, item: Phrase, value: &'d Spanned<DeValue<'d>>) -> Field<'d> {
    Field { name: item.into(), key: list.key, key_span: value.span(), value }
}
