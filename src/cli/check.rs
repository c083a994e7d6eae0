//! `ftpscope check`: scenarios held against what they expect.

use super::{Failed, load, output};
use crate::insight;
use crate::scenario::builtins;
use clap::Args;
use std::fmt::Write;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files, built-in names, or -; without any, all built-in scenarios
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<String>,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Failed> {
    let files: Vec<String> = if args.files.is_empty() {
        builtins().iter().map(|builtin| builtin.name.to_owned()).collect()
    } else {
        args.files.clone()
    };
    let mut wrong = Vec::new();
    let mut failed = false;
    for file in &files {
        // One bad file does not keep the others from being checked.
        match check(file) {
            Ok((text, held)) => {
                output::print(text.as_bytes())?;
                failed |= !held;
            }
            Err(Failed::Usage(message)) => wrong.push(message),
            Err(other) => return Err(other),
        }
    }
    if !wrong.is_empty() {
        return Err(Failed::Usage(wrong.join("\n")));
    }
    if failed { Err(Failed::Expectation) } else { Ok(()) }
}

/// What there is to say of a file, and whether every expectation held.
fn check(file: &str) -> Result<(String, bool), Failed> {
    let source = load::read(file)?;
    let scenario = load::check(&source)?;
    let origin = crate::narrate::visible(&source.origin);
    let (total, unmet) =
        insight::check(&scenario).map_err(|limit| Failed::Usage(format!("ftpscope: {origin}: {limit}")))?;
    let mut text = String::new();
    for unmet in &unmet {
        let _ = writeln!(text, "{origin}:{}: {unmet}", unmet.line);
    }
    if total == 0 {
        // Nothing is expected: what came of it is worth a look all the more.
        let trace = scenario.run().map_err(|limit| Failed::Usage(format!("ftpscope: {origin}: {limit}")))?;
        for outcome in insight::outcomes(&trace) {
            let run = crate::narrate::visible(&outcome.run);
            let at = outcome.at.map_or_else(String::new, |node| format!(" at {}", trace.node_name(node)));
            let _ = writeln!(text, "{origin}: '{run}' was '{}'{at}", outcome.outcome);
        }
    }
    let held = total - unmet.len();
    let verdict = match (unmet.is_empty(), total) {
        (true, 0) => "ok: it runs; it expects nothing".to_owned(),
        (true, 1) => "ok: its expectation holds".to_owned(),
        (true, _) => format!("ok: all {total} expectations hold"),
        (false, _) => format!("failed: {held} of {total} expectations hold"),
    };
    let _ = writeln!(text, "{origin}: {verdict}");
    Ok((text, unmet.is_empty()))
}
