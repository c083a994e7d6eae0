//! A firewall rule and a policy: taken, or refused with a sentence that points into the text.
#![no_main]

use ftpscope::firewall::{parse_policy, parse_rule};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let inside = |span: &std::ops::Range<usize>| {
        assert!(span.start <= span.end && text.get(span.clone()).is_some(), "{span:?} of {text:?}");
    };
    if let Err(mistakes) = parse_rule(text) {
        assert!(!mistakes.is_empty());
        for mistake in &mistakes {
            inside(&mistake.span);
            assert!(!mistake.message.is_empty());
        }
    }
    if let Err(mistake) = parse_policy(text) {
        inside(&mistake.span);
    }
});
