//! `ftpscope calibrate`: real captures held against the simulation.

use super::{Failed, Look, Subject, load, output};
use crate::ids::NodeId;
use crate::import::{self, BadEnd, Capture, CaptureError, Captures, MAX_CAPTURE};
use crate::insight::{Calibration, Captured, calibrate, calibrate_node};
use crate::narrate::{Id, Messages, unread_reason};
use crate::packet::wire::Unread;
use crate::text::visible;
use crate::trace::{CapturePoint, Trace, capture_points};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write;
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

pub(super) fn run(args: &CalibrateArgs, look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let scenario = load::subject(&args.subject, &messages)?;
    let trace = scenario.run().map_err(|limit| Failed::limit(&messages, limit))?;
    // Where a NAT changes the port, the server's own is another than the one that is called.
    let own = scenario.nodes.iter().filter_map(|node| node.ftp_server.as_ref()).map(|server| server.port);
    let ports: Vec<u16> = scenario.sessions.iter().map(|session| session.port).chain(own).collect();
    let points = capture_points(&trace);
    let (mut files, mut text) = (Vec::new(), String::new());
    for file in &args.captures {
        let shown = visible(&file.to_string_lossy());
        let failed =
            |problem: String| Failed::said(&messages, Id::ErrorOf, &[("subject", &shown), ("problem", &problem)]);
        let Captures { captures, unread, end } = read(file).map_err(|why| failed(no_capture(&messages, &why)))?;
        if captures.is_empty() {
            return Err(failed(messages.text(Id::CaptureEmpty)));
        }
        tell_unread(&mut text, &messages, &shown, &unread);
        if let Some(end) = end {
            let _ = writeln!(text, "{shown}: {}", bad_end(&messages, end));
        }
        for capture in captures {
            let named = capture.interface.as_deref().map(|name| format!("{shown} ({})", visible(name)));
            tell_unread(&mut text, &messages, named.as_deref().unwrap_or(&shown), &capture.unread);
            let Some(point) = point((&trace, &points), args.at.as_deref(), file, &capture) else {
                let known: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
                let known = visible(&known.join(", "));
                return Err(failed(messages.format(Id::ErrorCapturePoint, &[("known", &known)])));
            };
            files.push((shown.clone(), point, capture));
        }
    }
    let seen = files.iter().map(|(_, point, capture)| {
        let Capture { packets, lasted, .. } = capture;
        Captured { point, packets, lasted: *lasted }
    });
    let seen: Vec<Captured<'_>> = seen.collect();
    let mut same = true;
    for ((file, ..), seen) in files.iter().zip(&seen) {
        let result = calibrate(&trace, *seen, &ports);
        same &= result.is_same();
        let what = messages.format(Id::CalibrateSteps, &[("at", &visible(&seen.point.name))]);
        tell(&mut text, &messages, file, &what, &result);
    }
    for node in (0..trace.nodes.len() as u32).map(NodeId) {
        let Some(result) = calibrate_node(&trace, node, &seen) else { continue };
        let name = visible(trace.node_name(node));
        same &= result.is_same();
        if !result.is_same() {
            tell(&mut text, &messages, &name, &messages.text(Id::CalibrateStopped), &result);
        } else if result.same.is_empty() {
            let _ = writeln!(text, "{name}: {}", messages.text(Id::CalibrateStopsNothing));
        }
        for step in result.same.iter().filter(|_| result.is_same()) {
            let same = messages.format(Id::CalibrateIt, &[("step", &visible(&messages.told(&step.shown)))]);
            let _ = writeln!(text, "{name}: {same}");
        }
    }
    output::print(text.as_bytes())?;
    if same { Ok(()) } else { Err(Failed::Expectation) }
}

fn read(file: &Path) -> Result<Captures, CaptureError> {
    import::read(std::fs::File::open(file).map_err(|error| CaptureError::System(error.to_string()))?)
}

/// Why a file is no capture.
fn no_capture(messages: &Messages, why: &CaptureError) -> String {
    match why {
        CaptureError::Unknown => messages.text(Id::CaptureUnknown),
        CaptureError::Compressed(program) => messages.format(Id::CaptureCompressed, &[("program", program)]),
        CaptureError::TooLarge => messages.format(Id::CaptureTooLarge, &[("most", &MAX_CAPTURE.to_string())]),
        CaptureError::System(error) => visible(error),
    }
}

fn bad_end(messages: &Messages, end: BadEnd) -> String {
    messages.text(match end {
        BadEnd::Cut => Id::CaptureCut,
        BadEnd::GzipCut => Id::CaptureGzipCut,
        BadEnd::GzipDamaged => Id::CaptureGzipDamaged,
        BadEnd::Damaged => Id::CaptureDamaged,
    })
}

/// `client.pcap: 3 frames not read: 2 ARP, 1 cut before the end of its TCP header`, the most frequent reason first.
fn tell_unread(text: &mut String, messages: &Messages, file: &str, unread: &BTreeMap<Unread, u64>) {
    let mut reasons: Vec<(&Unread, &u64)> = unread.iter().collect();
    if reasons.is_empty() {
        return;
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let all: u64 = unread.values().sum();
    let each = reasons.into_iter().map(|(why, count)| {
        let args = [("count", &*count.to_string()), ("reason", &*unread_reason(messages, *why))];
        messages.format(Id::CaptureCount, &args)
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let words = match all {
        1 => messages.format(Id::CaptureUnreadOne, &[("reasons", &each)]),
        _ => messages.format(Id::CaptureUnread, &[("count", &all.to_string()), ("reasons", &each)]),
    };
    let _ = writeln!(text, "{file}: {words}");
}

/// The interface where a capture was made: as asked, as the file says of itself, or as its name says. A node alone is
/// enough where it has one interface.
fn point<'a>(
    (trace, points): (&Trace, &'a [CapturePoint]),
    at: Option<&str>,
    file: &Path,
    capture: &Capture,
) -> Option<&'a CapturePoint> {
    // `client.office.pcap.gz`
    let unpacked =
        if file.extension().is_some_and(|it| it == "gz") { file.with_extension("") } else { file.to_owned() };
    let stem = unpacked.file_stem().unwrap_or_default().to_string_lossy();
    let names = [at, capture.interface.as_deref(), Some(&stem)];
    let names: &[Option<&str>] = if at.is_some() { &names[..1] } else { &names[1..] };
    for name in names.iter().flatten() {
        if let Some(point) = points.iter().find(|point| point.name == *name) {
            return Some(point);
        }
        let node = name.split('.').next().unwrap_or_default();
        let mut own = points.iter().filter(|point| trace.node_name(point.node) == node);
        if let (Some(point), None) = (own.next(), own.next()) {
            return Some(point);
        }
    }
    None
}

/// `what` was compared.
fn tell(text: &mut String, messages: &Messages, subject: &str, what: &str, result: &Calibration) {
    let count = result.same.len().to_string();
    let id = if result.is_same() { Id::CalibrateSame } else { Id::CalibrateDifferent };
    let _ = writeln!(text, "{subject}: {}", messages.format(id, &[("count", &count), ("what", what)]));
    if result.is_same() {
        return;
    }
    let column = |id: Id| {
        let name = messages.text(id);
        let blanks = 10_usize.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str()));
        format!("{name}{}", " ".repeat(blanks))
    };
    for step in result.context() {
        let _ = writeln!(text, "    {} {}", column(Id::CalibrateBoth), visible(&messages.told(&step.shown)));
    }
    for (who, step) in [(Id::CalibrateSimulated, &result.simulated), (Id::CalibrateCaptured, &result.captured)] {
        let shown = step
            .as_ref()
            .map_or_else(|| messages.text(Id::CalibrateNothing), |step| visible(&messages.told(&step.shown)));
        let _ = writeln!(text, "  > {} {shown}", column(who));
    }
}
