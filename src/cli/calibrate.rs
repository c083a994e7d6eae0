//! `ftpscope calibrate`: real captures held against the simulation.

use super::{Failed, Subject, load, output};
use crate::ids::NodeId;
use crate::import::{self, Capture, MAX_CAPTURE};
use crate::insight::{Calibration, Captured, calibrate, calibrate_node};
use crate::narrate::visible;
use crate::trace::{CapturePoint, Trace, capture_points};
use clap::Args;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct CalibrateArgs {
    #[command(flatten)]
    subject: Subject,
    /// pcap or pcapng files, named `NODE.INTERFACE.pcap` after where they were made
    #[arg(value_name = "CAPTURE", required = true, value_hint = clap::ValueHint::FilePath)]
    captures: Vec<PathBuf>,
    /// Where all the captures were made, if their names do not tell
    #[arg(long, value_name = "NODE[.INTERFACE]")]
    at: Option<String>,
}

pub(super) fn run(args: &CalibrateArgs) -> Result<(), Failed> {
    let scenario = load::subject(&args.subject)?;
    let trace = scenario.run().map_err(|limit| Failed::Usage(format!("ftpscope: {limit}")))?;
    // Where a NAT changes the port, the server's own is another than the one that is called.
    let own = scenario.nodes.iter().filter_map(|node| node.ftp_server.as_ref()).map(|server| server.port);
    let ports: Vec<u16> = scenario.sessions.iter().map(|session| session.port).chain(own).collect();
    let points = capture_points(&trace);
    let mut files = Vec::new();
    for file in &args.captures {
        let shown = visible(&file.to_string_lossy());
        let failed = |problem: String| Failed::Usage(format!("ftpscope: '{shown}': {problem}"));
        for capture in read(file).map_err(failed)? {
            let point = point(&trace, &points, args.at.as_deref(), file, &capture).map_err(failed)?;
            files.push((shown.clone(), point, capture));
        }
    }
    let seen = files.iter().map(|(_, point, capture)| {
        let Capture { packets, lasted, .. } = capture;
        Captured { point, packets, lasted: *lasted }
    });
    let seen: Vec<Captured<'_>> = seen.collect();
    let (mut text, mut same) = (String::new(), true);
    for ((file, ..), seen) in files.iter().zip(&seen) {
        let result = calibrate(&trace, *seen, &ports);
        same &= result.is_same();
        tell(&mut text, file, &format!("steps as at {}", visible(&seen.point.name)), &result);
    }
    for node in (0..trace.nodes.len() as u32).map(NodeId) {
        let Some(result) = calibrate_node(&trace, node, &seen) else { continue };
        let name = visible(trace.node_name(node));
        same &= result.is_same();
        if !result.is_same() {
            tell(&mut text, &name, "stopped connections", &result);
        } else if result.same.is_empty() {
            let _ = writeln!(text, "{name}: same: it stops nothing");
        }
        for step in result.same.iter().filter(|_| result.is_same()) {
            let _ = writeln!(text, "{name}: same: it {}", visible(&step.shown));
        }
    }
    output::print(text.as_bytes())?;
    if same { Ok(()) } else { Err(Failed::Expectation) }
}

fn read(file: &Path) -> Result<Vec<Capture>, String> {
    let open = std::fs::File::open(file).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    open.take(MAX_CAPTURE as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let captures = import::read(&bytes).map_err(|error| error.to_string())?;
    if captures.is_empty() { Err(String::from("it has no interface, so no packets")) } else { Ok(captures) }
}

/// The interface where a capture was made: as asked, as the file says of itself, or as its name says. A node alone is
/// enough where it has one interface.
fn point<'a>(
    trace: &Trace,
    points: &'a [CapturePoint],
    at: Option<&str>,
    file: &Path,
    capture: &Capture,
) -> Result<&'a CapturePoint, String> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let names = [at, capture.interface.as_deref(), Some(&stem)];
    let names: &[Option<&str>] = if at.is_some() { &names[..1] } else { &names[1..] };
    for name in names.iter().flatten() {
        if let Some(point) = points.iter().find(|point| point.name == *name) {
            return Ok(point);
        }
        let node = name.split('.').next().unwrap_or_default();
        let mut own = points.iter().filter(|point| trace.node_name(point.node) == node);
        if let (Some(point), None) = (own.next(), own.next()) {
            return Ok(point);
        }
    }
    let known: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
    Err(format!(
        "where was it made? Name it NODE.INTERFACE.pcap or say '--at'; there are {}",
        visible(&known.join(", "))
    ))
}

/// `what` was compared.
fn tell(text: &mut String, subject: &str, what: &str, result: &Calibration) {
    let count = result.same.len();
    if result.is_same() {
        let _ = writeln!(text, "{subject}: same: {count} {what}");
        return;
    }
    let _ = writeln!(text, "{subject}: different: {count} {what} are the same, then");
    for step in result.context() {
        let _ = writeln!(text, "    both       {}", visible(&step.shown));
    }
    for (who, step) in [("simulated", &result.simulated), ("captured", &result.captured)] {
        let shown = step.as_ref().map_or_else(|| String::from("(nothing more)"), |step| visible(&step.shown));
        let _ = writeln!(text, "  > {who:<10} {shown}");
    }
}
