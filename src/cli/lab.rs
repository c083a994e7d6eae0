//! `ftpscope lab`: the same network of real software, as a shell script.

use super::{Failed, Look, Subject, load, output};
use crate::lab;
use crate::narrate::{Id, Messages};
use crate::text::visible;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct LabArgs {
    #[command(flatten)]
    subject: Subject,
    /// Write to a file instead of standard output, whole or not at all; devices and FIFOs are written to
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &LabArgs, look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let scenario = load::subject(&args.subject, &messages)?;
    let laboratory = lab::laboratory(&scenario).map_err(|problem| {
        Failed::said(&messages, Id::ErrorNoLab, &[("problem", &visible(&messages.told(&problem.message())))])
    })?;
    output::write_to(args.output.as_deref(), |out| out.write_all(laboratory.script.as_bytes()))?;
    for difference in &laboratory.differences {
        let problem = messages.format(Id::LabNotSame, &[("difference", &visible(&messages.told(difference)))]);
        let _ = writeln!(std::io::stderr(), "{}", messages.format(Id::ErrorProgram, &[("problem", &problem)]));
    }
    Ok(())
}
