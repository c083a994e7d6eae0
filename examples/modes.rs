//! One network, every mode: which one gets through? Built from text, as a test of your own rules would be.
//!
//! ```text
//! cargo run --example modes
//! ```

use ftpscope::ftp::Mode;
use ftpscope::{insight, scenario};

const NETWORK: &str = r#"
title = "Which mode gets through my firewall?"
links = ["client -- office -- internet -- server"]

[nodes.office.firewall.forward]
policy = "drop"
rules  = ['ct state established,related accept', 'iifname "client" accept']

[nodes.server]
ftp-server = { files = { "readme.txt" = "2 kB" } }

[[sessions]]
client = "client"
server = "server"
run    = ["ls", "get readme.txt"]

[[expect]]
command = "get readme.txt"
mode    = "passive"
outcome = "ok"
"#;

fn main() {
    let scenario = scenario::parse(NETWORK, "network.toml").expect("it has no mistakes");
    for mode in Mode::ALL {
        let trace = scenario.clone().with_mode(mode).run().expect("it stays within its limits");
        let outcomes = insight::outcomes(&trace);
        let words = outcomes.iter().map(|outcome| {
            let place = outcome.at.map(|node| format!(" at {}", trace.node_name(node))).unwrap_or_default();
            format!("{}: {}{place}", outcome.run, outcome.outcome)
        });
        println!("{mode:<13} {}", words.collect::<Vec<_>>().join(", "));
    }
    // Each expectation is held against a run in its own mode.
    let (_, unmet) = insight::check(&scenario).expect("it stays within its limits");
    assert!(unmet.is_empty(), "an expectation does not hold");
}
