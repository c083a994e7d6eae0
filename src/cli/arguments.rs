//! The arguments read: what clap has to say goes the way of all other output.

use super::{Cli, Failed, help, output};
use crate::narrate::Messages;
use crate::text::visible;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::io;

/// The arguments; `None`: help or version were asked for, and are printed.
pub(super) fn parse() -> Result<Option<Cli>, Failed> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let messages = Messages::new(help::language(&arguments));
    let error = match read(&arguments, &messages) {
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
    let harmless: Vec<OsString> =
        arguments.iter().map(|argument| visible(&argument.to_string_lossy()).into()).collect();
    Err(Failed::Usage(match read(&harmless, &messages) {
        Err(again) if again.kind() == error.kind() && output::is_styled(&io::stderr()) => {
            again.render().ansi().to_string()
        }
        Err(again) if again.kind() == error.kind() => again.render().to_string(),
        _ => error.render().to_string().lines().map(|line| visible(line) + "\n").collect(),
    }))
}

fn read(arguments: &[OsString], messages: &Messages) -> Result<Cli, clap::Error> {
    let matches = help::translated(Cli::command(), messages).try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}
