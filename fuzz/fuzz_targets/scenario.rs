//! A scenario file: read, its mistakes drawn, or else run for a while and told in every form.
#![no_main]

use ftpscope::engine::Limits;
use ftpscope::export::{LadderOptions, write_json, write_ladder, write_pcapng, write_plain};
use ftpscope::insight::outcomes;
use ftpscope::ladder::Glyphs;
use ftpscope::narrate::{Language, Messages};
use ftpscope::time::Instant;
use ftpscope::trace::{Recorder, capture_points};
use ftpscope::{lab, scenario};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::sync::OnceLock;

/// A short run shows as much as a long one.
const LIMITS: Limits = Limits { time: Instant::from_nanos(400_000_000_000), frames: 500, events: 2000 };

fuzz_target!(|source: &[u8]| -> Corpus {
    let scenario = match scenario::parse_bytes(source, "fuzz.toml") {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            let text = String::from_utf8_lossy(source);
            assert!(!scenario::render(&mistakes, &text, "fuzz.toml", true).is_empty());
            return Corpus::Keep;
        }
    };
    if scenario.nodes.len() > 200 {
        return Corpus::Reject;
    }
    let recorder = Recorder { trace: scenario.names() };
    let mut simulation = scenario.build(recorder);
    let _ = simulation.run(LIMITS);
    let trace = simulation.into_observer().trace;
    let _ = outcomes(&trace);
    static MESSAGES: OnceLock<Messages> = OnceLock::new();
    let messages = MESSAGES.get_or_init(|| Messages::new(Language::ZhCn));
    let options = LadderOptions { width: 100, glyphs: Glyphs::UNICODE };
    let mut out = std::io::sink();
    write_ladder(&trace, messages, options, &mut out).unwrap();
    write_plain(&trace, messages, &mut out).unwrap();
    write_json(&trace, &mut out).unwrap();
    write_pcapng(&trace, messages, &capture_points(&trace), &mut out).unwrap();
    let _ = lab::script(&scenario);
    Corpus::Keep
});
