//! `ftpscope compare`: active beside passive.

use super::{Failed, Look, Subject, load, output};
use crate::export::{Comparison, LadderOptions};
use crate::narrate::Messages;
use crate::scenario::Scenario;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    subject: Subject,
    /// Write to a file instead of standard output, whole or not at all; devices and FIFOs are written to
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Width of the ladders in columns [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    width: Option<u16>,
}

pub(super) fn run(args: &CompareArgs, look: &Look) -> Result<(), Failed> {
    let scenario = load::subject(&args.subject, &Messages::new(look.language()))?;
    compare(&scenario, look, args.width, args.output.as_deref())
}

/// What `ftpscope` prints where there is no terminal.
pub(super) fn classic(look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let scenario = load::check(&load::read("classic", &messages)?, &messages)?;
    compare(&scenario, look, None, None)
}

fn compare(scenario: &Scenario, look: &Look, width: Option<u16>, file: Option<&std::path::Path>) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    // The pair that the scenario's own mode belongs to: PORT beside PASV, or EPRT beside EPSV.
    let own = scenario.sessions.first().map(|session| session.mode).unwrap_or_default();
    let (active, passive) = if own.is_active() { (own, own.opposite()) } else { (own.opposite(), own) };
    let comparison =
        Comparison::new(scenario, [active, passive], &messages).map_err(|limit| Failed::limit(&messages, limit))?;
    let options = LadderOptions { width: output::width(width), glyphs: look.glyphs() };
    output::write_to(file, |mut out| comparison.write(options, &mut out))
}
