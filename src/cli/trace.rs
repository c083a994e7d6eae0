//! `ftpscope trace`: what happened, as a ladder, as sentences or as JSON.

use super::{Failed, Look, Subject, load, output};
use crate::export::{LadderOptions, write_json, write_ladder, write_plain};
use crate::narrate::Messages;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    #[command(flatten)]
    subject: Subject,
    /// The form of the output
    #[arg(long, short, value_enum, default_value_t = Format::Ladder)]
    format: Format,
    /// Write to a file instead of standard output; whole or not at all
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Width of the ladder in columns [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    width: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One column a node, one row a packet
    Ladder,
    /// One sentence a frame, without drawing
    Plain,
    /// One object a line (NDJSON)
    Json,
}

pub(super) fn run(args: &TraceArgs, look: &Look) -> Result<(), Failed> {
    let scenario = load::subject(&args.subject)?;
    let trace = scenario.run().map_err(|limit| Failed::Usage(format!("ftpscope: {limit}")))?;
    let messages = Messages::new(look.language());
    let options = LadderOptions { width: output::width(args.width), glyphs: look.glyphs() };
    output::write_to(args.output.as_deref(), |mut out| match args.format {
        Format::Ladder => write_ladder(&trace, &messages, options, &mut out),
        Format::Plain => write_plain(&trace, &messages, &mut out),
        Format::Json => write_json(&trace, &mut out),
    })
}
