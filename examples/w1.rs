//! The workload of the benches as a program by itself, for callgrind and for a look at its memory.
//!
//! ```text
//! cargo run --release --example w1 -- pairs|star N [--record]
//! ```

#[path = "../benches/w1/mod.rs"]
mod w1;

use ftpscope::engine::Simulation;
use ftpscope::trace::{NoObserver, Observer, Recorder};
use std::process::ExitCode;
use w1::Shape;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (shape, sessions, record) = match words[..] {
        ["pairs", n] => (Shape::Pairs, n, false),
        ["star", n] => (Shape::Star, n, false),
        ["pairs", n, "--record"] => (Shape::Pairs, n, true),
        ["star", n, "--record"] => (Shape::Star, n, true),
        _ => return usage(),
    };
    let Ok(sessions @ 1..=100_000) = sessions.parse() else { return usage() };
    print!("{} {sessions}: ", shape.name());
    if record {
        let simulation = play(w1::build(shape, sessions, Recorder::default()));
        println!("{} frames", simulation.into_observer().trace.frames.len());
    } else {
        play(w1::build(shape, sessions, NoObserver));
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: w1 pairs|star N [--record]     N: sessions, up to 100000");
    ExitCode::from(2)
}

fn play<O: Observer>(mut simulation: Simulation<O>) -> Simulation<O> {
    let (start, built) = memory();
    w1::run(&mut simulation);
    let (peak, _) = memory();
    println!(
        "{} hops, {} events, {:.3} s simulated; resident {} kB built, {} kB at most (before: {} kB at most)",
        simulation.hops(),
        simulation.events(),
        simulation.now().as_secs_f64(),
        built,
        peak,
        start
    );
    simulation
}

/// The greatest and the present resident size in kB, where the system tells.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    };
    (field("VmHWM:"), field("VmRSS:"))
}
