//! `ftpscope calibrate` with captures of real software (rows A01, A03, C01 and C03 of the recorded runs).

use ftpscope::import;
use ftpscope::insight::{Seen, steps};
use proptest::prelude::*;
use std::path::PathBuf;
use std::process::Command;

fn path(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).to_string_lossy().into_owned()
}

/// Exit status and output.
fn calibrate(scenario: &str, mode: &str, at: &str, capture: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["calibrate", &path(scenario), "--mode", mode, "--at", at, &path(capture)])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn real_runs_are_the_same() {
    for (scenario, mode, at, capture) in [
        ("open.toml", "active", "client", "A01.client.eth0.pcap"),
        ("open.toml", "passive", "client.fw1", "A03.client.eth0.pcap"),
        ("firewall.toml", "active", "client", "C01.client.eth0.pcap"),
        ("firewall.toml", "active", "fw1.inet", "C01.fw1.wan.pcap"),
        ("firewall.toml", "passive", "client", "C03.client.eth0.pcap"),
    ] {
        let (status, said) = calibrate(scenario, mode, at, capture);
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("same: 2"), "{said}");
    }
}

#[test]
fn differences_are_shown_where_they_begin() {
    let (status, said) = calibrate("open.toml", "passive", "client", "A01.client.eth0.pcap");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("> simulated  command PASV"), "{said}");
    assert!(said.contains("> captured   command PORT 192,168,10,10,"), "{said}");
    let (status, said) = calibrate("open.toml", "active", "fw1.inet", "C01.fw1.wan.pcap");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("the announced port, never answered"), "{said}");
}

#[test]
fn wrong_input_is_told() {
    let (status, said) = calibrate("open.toml", "active", "client", "open.toml");
    assert_eq!(status, Some(2));
    assert!(said.contains("this is no pcap or pcapng file"), "{said}");
    let (status, said) = calibrate("open.toml", "active", "fw1", "A01.client.eth0.pcap");
    assert_eq!(status, Some(2));
    assert!(said.contains("fw1.client, fw1.inet"), "{said}");
}

#[test]
fn what_is_exported_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("whole.pcapng");
    let program = || Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    let export = ["trace", "classic", "--seed", "5", "--format", "pcapng", "-o"];
    assert!(program().args(export).arg(&file).status().unwrap().success());
    // Another seed: other ports and sequence numbers.
    let output = program().args(["calibrate", "classic", "--seed", "6"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    // Six interfaces, and two nodes with more than one: both dropped SYNs, of ls and of get, count once.
    assert_eq!(said.lines().count(), 8, "{said}");
    assert!(said.contains("office: same: it stops the SYN 203.0.113.5:20 > 192.168.1.10:"), "{said}");
    assert!(said.contains("internet: same: it stops nothing"), "{said}");
    // The same captures, but in passive mode nothing is stopped.
    let output = program().args(["calibrate", "classic", "--mode", "passive"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("office: different: 0 stopped connections are the same, then"), "{said}");
}

proptest! {
    #[test]
    fn damaged_captures_are_no_danger(damage in proptest::collection::vec((0_usize..4000, any::<u8>()), 0..60), end in 0_usize..6000) {
        let mut bytes = std::fs::read(path("C01.fw1.wan.pcap")).unwrap();
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        bytes.truncate(end);
        for capture in import::read(&bytes[..]).unwrap_or_default().captures {
            let _ = steps(capture.packets.iter().map(Seen::from), &[21, 20]);
        }
    }
}
