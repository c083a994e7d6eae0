//! The arguments read: what clap has to say goes the way of all other output.

use super::{Cli, Failed, output};
use crate::text::visible;
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io;

/// The arguments; `None`: help or version were asked for, and are printed.
pub(super) fn parse() -> Result<Option<Cli>, Failed> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let error = match Cli::try_parse_from(&arguments) {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render();
        let text = if output::is_styled(&io::stdout()) { text.ansi().to_string() } else { text.to_string() };
        output::print(text.as_bytes())?;
        return Ok(None);
    }
    // An error quotes arguments, which can be anything. The same mistake in harmless characters makes the same error.
    let harmless = arguments.iter().map(|argument| visible(&argument.to_string_lossy()));
    Err(Failed::Usage(match Cli::try_parse_from(harmless) {
        Err(again) if again.kind() == error.kind() && output::is_styled(&io::stderr()) => {
            again.render().ansi().to_string()
        }
        Err(again) if again.kind() == error.kind() => again.render().to_string(),
        _ => error.render().to_string().lines().map(|line| visible(line) + "\n").collect(),
    }))
}
