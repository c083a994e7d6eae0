//! The help in the reader's language. clap has the English texts from the comments beside the arguments; these are the
//! keys of the catalogue.
//!
//! What clap says of its own accord has no place to be told otherwise and stays English: errors of arguments, the
//! `help` command, what the values of an argument mean.

use crate::narrate::{Language, Messages};
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;

/// The language that is asked for, before the arguments are read.
pub(super) fn language(arguments: &[OsString]) -> Language {
    let asked = arguments.iter().enumerate().find_map(|(at, argument)| {
        let argument = argument.to_str()?;
        match argument.strip_prefix("--lang") {
            Some("") => arguments.get(at + 1)?.to_str()?.parse().ok(),
            Some(rest) => rest.strip_prefix('=')?.parse().ok(),
            None => None,
        }
    });
    Language::detect(asked)
}

/// `command` with all of its texts in a language.
pub(super) fn translated(mut command: Command, messages: &Messages) -> Command {
    if messages.language() == Language::En {
        return command;
    }
    let own = |text: Option<&StyledStr>| {
        let text = text?.to_string();
        Some(text.split("\n\n").map(|paragraph| messages.own(paragraph)).collect::<Vec<_>>().join("\n\n"))
    };
    let word = |word: &'static str| messages.own(word);
    if let Some(about) = own(command.get_about()) {
        command = command.about(about);
    }
    if let Some(after) = own(command.get_after_help()) {
        command = command.after_help(after);
    }
    let arguments: Vec<_> = command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    for argument in arguments {
        command = command.mut_arg(argument, |argument| {
            let heading = if argument.is_positional() { word("Arguments") } else { word("Options") };
            let help = own(argument.get_help());
            argument.help_heading(heading).help(help.unwrap_or_default())
        });
    }
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in subcommands {
        command = command.mut_subcommand(name, |sub| translated(sub, messages));
    }
    // clap's own two have no place for other words.
    let own_flag = |id, short, action, help| {
        Arg::new(id).short(short).long(id).action(action).help(word(help)).help_heading(word("Options"))
    };
    if command.get_version().is_some() {
        let flag = own_flag("version", 'V', ArgAction::Version, "Print version");
        command = command.disable_version_flag(true).arg(flag);
    }
    command = command.disable_help_flag(true).arg(own_flag("help", 'h', ArgAction::Help, "Print help"));
    let usage = word("Usage");
    command.subcommand_help_heading(word("Commands")).help_template(format!(
        "{{before-help}}{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"
    ))
}

/// All texts that [`translated`] looks for.
#[cfg(test)]
pub(crate) fn texts() -> Vec<String> {
    fn collect(command: &Command, texts: &mut Vec<String>) {
        let of_arguments = command.get_arguments().filter_map(|argument| argument.get_help());
        for text in of_arguments.chain(command.get_about()).chain(command.get_after_help()) {
            texts.extend(text.to_string().split("\n\n").map(str::to_owned));
        }
        command.get_subcommands().for_each(|sub| collect(sub, texts));
    }
    let mut texts: Vec<String> =
        ["Arguments", "Options", "Usage", "Commands", "Print help", "Print version"].map(str::to_owned).into();
    collect(&<super::Cli as clap::CommandFactory>::command(), &mut texts);
    texts
}
