//! `ftpscope play` and the gallery: the terminal view.

use super::{Failed, Look, Subject, load};
use crate::narrate::{Id, Messages};
use crate::text::visible;
use crate::tui::{self, Options};
use clap::Args;
use std::io::IsTerminal;

#[derive(Debug, Args)]
pub(super) struct PlayArgs {
    #[command(flatten)]
    subject: Subject,
}

pub(super) fn run(args: &PlayArgs, look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let scenario = load::subject(&args.subject, &messages)?;
    if !std::io::stdout().is_terminal() || (args.subject.scenario != "-" && !std::io::stdin().is_terminal()) {
        let args = [("scenario", &*visible(&args.subject.scenario))];
        return Err(Failed::said(&messages, Id::ErrorNoTerminal, &args));
    }
    tui::play(scenario, options(look)).map_err(|error| Failed::Usage(format!("ftpscope: {error}")))
}

pub(super) fn gallery(look: &Look) -> Result<(), Failed> {
    tui::gallery(options(look)).map_err(|error| Failed::Usage(format!("ftpscope: {error}")))
}

fn options(look: &Look) -> Options {
    Options { language: look.language(), ascii: look.ascii || !locale_is_utf8(), theme: look.theme }
}

/// Whether the locale promises that line-drawing characters arrive as such.
fn locale_is_utf8() -> bool {
    let value = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    cfg!(windows) || value.contains("utf-8") || value.contains("utf8")
}
