//! `ftpscope trace`: what happened, as a ladder, as sentences, as JSON or as a packet capture.

use super::{Failed, Look, Subject, load, output};
use crate::export::{LadderOptions, write_json, write_ladder, write_pcapng, write_plain};
use crate::narrate::{Id, Messages};
use crate::text::visible;
use crate::trace::{CapturePoint, Trace, capture_points, capture_points_at};
use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    #[command(flatten)]
    subject: Subject,
    /// The form of the output
    #[arg(long, short, value_enum, default_value_t = Format::Ladder)]
    format: Format,
    /// Write to a file instead of standard output, whole or not at all; devices and FIFOs are written to
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Width of the ladder in columns [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    width: Option<u16>,
    /// pcapng: keep what was seen at this node, or at one interface of it
    #[arg(long, value_name = "NODE[.INTERFACE]")]
    at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One column a node, one row a packet
    Ladder,
    /// One sentence a frame, without drawing
    Plain,
    /// One object a line (NDJSON)
    Json,
    /// Packet capture at every interface, for Wireshark; needs -o FILE or a pipe
    Pcapng,
}

pub(super) fn run(args: &TraceArgs, look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    if args.format != Format::Pcapng && args.at.is_some() {
        return Err(Failed::said(&messages, Id::ErrorAtFormat, &[]));
    }
    if args.format == Format::Pcapng && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failed::said(&messages, Id::ErrorCaptureTerminal, &[]));
    }
    let scenario = load::subject(&args.subject, &messages)?;
    let trace = scenario.run().map_err(|limit| Failed::limit(&messages, limit))?;
    let points = match &args.at {
        Some(at) => named(&trace, at, &messages)?,
        None => capture_points(&trace),
    };
    let options = LadderOptions { width: output::width(args.width), glyphs: look.glyphs() };
    output::write_to(args.output.as_deref(), |mut out| match args.format {
        Format::Ladder => write_ladder(&trace, &messages, options, &mut out),
        Format::Plain => write_plain(&trace, &messages, &mut out),
        Format::Json => write_json(&trace, &mut out),
        Format::Pcapng => write_pcapng(&trace, &messages, &points, &mut out),
    })
}

/// The interfaces that `--at` names.
fn named(trace: &Trace, at: &str, messages: &Messages) -> Result<Vec<CapturePoint>, Failed> {
    let points = capture_points_at(trace, at);
    if points.is_empty() {
        let names: Vec<String> = capture_points(trace).into_iter().map(|point| point.name).collect();
        let args = [("at", &*visible(at)), ("known", &*visible(&names.join(", ")))];
        return Err(Failed::said(messages, Id::ErrorAtUnknown, &args));
    }
    Ok(points)
}
