//! `ftpscope check`: scenarios held against what they expect.

use super::{Failed, Look, load, output};
use crate::engine::LimitReached;
use crate::insight;
use crate::narrate::{Id, Messages, limit, unmet, verdict, was};
use crate::scenario::builtins;
use crate::text::visible;
use clap::Args;
use std::fmt::Write;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files, built-in names, or -; without any, all built-in scenarios
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<String>,
}

pub(super) fn run(args: &CheckArgs, look: &Look) -> Result<(), Failed> {
    let messages = Messages::new(look.language());
    let files: Vec<String> = if args.files.is_empty() {
        builtins().iter().map(|builtin| builtin.name.to_owned()).collect()
    } else {
        args.files.clone()
    };
    let mut wrong = Vec::new();
    let mut failed = false;
    for file in &files {
        // One bad file does not keep the others from being checked.
        match check(file, &messages) {
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
fn check(file: &str, messages: &Messages) -> Result<(String, bool), Failed> {
    let source = load::read(file, messages)?;
    let scenario = load::check(&source, messages)?;
    let origin = visible(&source.origin);
    let stopped = |reached: LimitReached| {
        let problem = format!("{origin}: {}", limit(messages, reached));
        Failed::Usage(messages.format(Id::ErrorProgram, &[("problem", &problem)]))
    };
    let (total, failed) = insight::check(&scenario).map_err(stopped)?;
    let mut text = String::new();
    for failed in &failed {
        let _ = writeln!(text, "{origin}:{}: {}", failed.line, unmet(messages, failed));
    }
    if total == 0 {
        // Nothing is expected: what came of it is worth a look all the more.
        let trace = scenario.run().map_err(stopped)?;
        for (subject, finding) in insight::findings(&scenario, &trace) {
            let _ = writeln!(text, "{origin}: {}", was(messages, &subject, &finding));
        }
    }
    let _ = writeln!(text, "{origin}: {}", verdict(messages, total - failed.len(), total));
    Ok((text, failed.is_empty()))
}
