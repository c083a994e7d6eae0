//! `ftpscope list`: the built-in scenarios.

use super::{Failed, Look, load, output};
use crate::narrate::{Messages, title};
use crate::scenario::builtins;
use std::fmt::Write;

pub(super) fn run(look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let width = builtins().iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for builtin in builtins() {
        let scenario = load::check(&load::read(builtin.name, &messages)?, &messages)?;
        let title = title(messages.language(), &scenario.title, scenario.title_zh.as_deref());
        let _ = writeln!(text, "{:width$}  {title}", builtin.name);
    }
    output::print(text.as_bytes())
}
