//! A capture file: read, and brought to the steps that are compared.
#![no_main]

use ftpscope::import;
use ftpscope::insight::{Seen, steps, stopped};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok(read) = import::read(file) else { return };
    for capture in &read.captures {
        let steps = steps(capture.packets.iter().map(Seen::from), &[21, 2121]);
        // The order of what is known and unknown makes no difference to whether two runs are the same.
        assert!(steps.iter().all(|step| step.means(step)));
    }
    let seen: Vec<Vec<_>> =
        read.captures.iter().map(|capture| capture.packets.iter().map(|seen| &seen.packet).collect()).collect();
    let _ = stopped(&[], &seen);
});
