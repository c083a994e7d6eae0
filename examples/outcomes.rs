//! What became of each command: a scenario file, or one that ships with the program, run and told in sentences.
//!
//! ```text
//! cargo run --example outcomes -- [FILE | NAME]
//! ```

use ftpscope::narrate::{Language, Messages, outcome_note};
use ftpscope::{insight, scenario};
use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_else(|| "classic".to_owned());
    let source = match (std::fs::read_to_string(&name), scenario::builtin(&name)) {
        (Ok(source), _) => source,
        (Err(_), Some(builtin)) => builtin.source.to_owned(),
        (Err(error), None) => {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let scenario = match scenario::parse(&source, &name) {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            // Every mistake at once, each at its line, underlined.
            eprintln!("{}", scenario::render(&mistakes, &source, &name, false));
            return ExitCode::FAILURE;
        }
    };
    let trace = match scenario.run() {
        Ok(trace) => trace,
        Err(limit) => {
            eprintln!("{name}: {limit}");
            return ExitCode::FAILURE;
        }
    };
    let messages = Messages::new(Language::detect(None));
    for outcome in insight::outcomes(&trace) {
        println!("{:<20} {}", outcome.run, outcome_note(&messages, &trace, &outcome));
    }
    ExitCode::SUCCESS
}
