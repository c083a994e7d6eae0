//! `ftpscope list`: the built-in scenarios.

use super::{Failed, Look, load, output};
use crate::narrate::Language;
use crate::scenario::builtins;
use std::fmt::Write;

pub(super) fn run(look: &Look) -> Result<(), Failed> {
    let width = builtins().iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for builtin in builtins() {
        let scenario = load::check(&load::read(builtin.name)?)?;
        let title = match (look.language(), &scenario.title_zh) {
            (Language::ZhCn, Some(title)) => title,
            _ => &scenario.title,
        };
        let _ = writeln!(text, "{:width$}  {title}", builtin.name);
    }
    output::print(text.as_bytes())
}
