//! A scenario by name, from a file or from standard input.

use super::{Failed, Subject, output};
use crate::narrate::{Id, Messages};
use crate::scenario::{Diagnostic, MAX_SOURCE, Scenario, builtin, builtins, parse_bytes, render_in};
use crate::text::visible;
use std::io::{Read, Write};

/// A scenario's text and where it comes from.
pub(super) struct Source {
    /// Its name in messages.
    pub(super) origin: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads a scenario's text; never more than a scenario may have.
pub(super) fn read(name: &str, messages: &Messages) -> Result<Source, Failed> {
    if name == "-" {
        let bytes = limited(std::io::stdin().lock())
            .map_err(|error| Failed::said(messages, Id::ErrorStdin, &[("error", &error.to_string())]))?;
        return Ok(Source { origin: "<stdin>".to_owned(), bytes });
    }
    if let Some(builtin) = builtin(name) {
        return Ok(Source { origin: format!("{name}.toml"), bytes: builtin.source.as_bytes().to_vec() });
    }
    let file = std::fs::File::open(name).map_err(|error| not_found(name, &error, messages))?;
    let bytes = limited(file).map_err(|error| not_found(name, &error, messages))?;
    Ok(Source { origin: name.to_owned(), bytes })
}

fn limited(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the reader can tell that it is too much.
    from.take(MAX_SOURCE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_found(name: &str, error: &std::io::Error, messages: &Messages) -> Failed {
    let args = [("name", &*visible(name)), ("error", &*error.to_string())];
    let mut message = messages.format(Id::ErrorRead, &args);
    if error.kind() == std::io::ErrorKind::NotFound {
        let near = builtins()
            .iter()
            .map(|builtin| (strsim::damerau_levenshtein(name, builtin.name), builtin.name))
            .min()
            .filter(|(distance, near)| *distance <= near.len() / 2);
        message.push('\n');
        message += &match near {
            Some((_, near)) => messages.format(Id::ErrorNearBuiltin, &[("name", near)]),
            None => messages.text(Id::ErrorNoScenario),
        };
    }
    Failed::Usage(messages.format(Id::ErrorProgram, &[("problem", &message)]))
}

/// Checks a scenario's text; what is wrong with it becomes the error, warnings go to standard error.
pub(super) fn check(source: &Source, messages: &Messages) -> Result<Scenario, Failed> {
    match parse_bytes(&source.bytes, &source.origin) {
        Ok(scenario) => {
            if !scenario.warnings.is_empty() {
                let _ = writeln!(std::io::stderr(), "{}", rendered(source, &scenario.warnings, messages).trim_end());
            }
            Ok(scenario)
        }
        Err(problems) => Err(Failed::Usage(rendered(source, &problems, messages))),
    }
}

fn rendered(source: &Source, diagnostics: &[Diagnostic], messages: &Messages) -> String {
    let color = output::is_styled(&std::io::stderr());
    let text = String::from_utf8_lossy(&source.bytes);
    render_in(diagnostics, &text, &source.origin, color, &|message| messages.told(message))
}

/// The scenario that a command is about, with its changes.
pub(super) fn subject(subject: &Subject, messages: &Messages) -> Result<Scenario, Failed> {
    let mut scenario = check(&read(&subject.scenario, messages)?, messages)?;
    if let Some(mode) = subject.mode {
        scenario = scenario.with_mode(mode);
    }
    if let Some(seed) = subject.seed {
        scenario = scenario.with_seed(seed);
    }
    Ok(scenario)
}
