//! `ftpscope lab`: the same network of real software, as a shell script.

use super::{Failed, Subject, load, output};
use crate::lab;
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

pub(super) fn run(args: &LabArgs) -> Result<(), Failed> {
    let scenario = load::subject(&args.subject)?;
    let laboratory = lab::laboratory(&scenario).map_err(|problem| {
        Failed::Usage(format!(
            "ftpscope: no laboratory for this scenario: {}",
            crate::narrate::visible(&problem.to_string())
        ))
    })?;
    output::write_to(args.output.as_deref(), |out| out.write_all(laboratory.script.as_bytes()))?;
    for difference in &laboratory.differences {
        let _ = writeln!(std::io::stderr(), "ftpscope lab: not the same: {}", crate::narrate::visible(difference));
    }
    Ok(())
}
