//! What the tests of behaviour begin with: a scenario file as text, and its run.

use ftpscope::scenario::{Scenario, parse};
use ftpscope::trace::Trace;

/// A scenario that is right; else its mistakes fail the test.
pub(crate) fn scenario(source: &str) -> Scenario {
    parse(source, "test.toml").unwrap_or_else(|mistakes| {
        let words: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.message).collect();
        panic!("{}\n{source}", words.join("\n"))
    })
}

/// Its run, which comes to an end.
pub(crate) fn run(source: &str) -> Trace {
    scenario(source).run().unwrap_or_else(|limit| panic!("{limit}\n{source}"))
}
