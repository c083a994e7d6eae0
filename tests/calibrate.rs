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
fn differences_are_told_in_chinese_too() {
    let output = Command::new(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["calibrate", &path("open.toml"), "--mode", "active", "--at", "fw1.inet", &path("C01.fw1.wan.pcap")])
        .args(["--lang", "zh-CN"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("> 抓包       SYN"), "{said}");
    assert!(said.contains("，商定的端口，从未得到回应"), "{said}");
    assert!(said.contains("两者       应答 "), "{said}");
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

/// Cut by a snapshot length, gzipped, in a file that ends in the middle of a frame, with frames that are no TCP.
#[test]
fn what_is_not_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(path("A01.client.eth0.pcap")).unwrap();
    let said = |name: &str, bytes: &[u8], lang: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_ftpscope"))
            .args(["--lang", lang, "calibrate", &path("open.toml"), "--mode", "active"])
            .arg(&file)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zip, &whole).unwrap();
    let zipped = zip.finish().unwrap();
    let (status, told) = said("client.fw1.pcap.gz", &zipped, "en");
    assert_eq!(status, Some(0), "{told}");
    assert!(!told.contains("not read"), "{told}");
    let (_, told) = said("client.fw1.pcap.gz", &zipped[..zipped.len() / 2], "en");
    assert!(told.contains("the gzip file is cut off"), "{told}");
    let (status, told) = said("client.fw1.pcap", &whole[..whole.len() - 1], "en");
    assert!(told.contains("the file ends in the middle of a frame"), "{told}");
    // (The last frame is an acknowledgement.)
    assert_eq!(status, Some(0), "{told}");
    // Two ARP requests in front, and a frame of which eight bytes are there.
    let record = |length: u32, frame: &[u8]| {
        let words = [0, 0, frame.len() as u32, length];
        [&words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect::<Vec<u8>>()[..], frame].concat()
    };
    let arp = record(42, &[&[0xff; 12][..], &[8, 6], &[0; 28]].concat());
    let odd = [&whole[..24], &arp, &arp, &record(66, &[2; 8]), &whole[24..]].concat();
    let (status, told) = said("client.fw1.pcap", &odd, "en");
    assert_eq!(status, Some(0), "{told}");
    assert!(
        told.contains("client.fw1.pcap: 3 frames not read: 2 ARP, 1 cut before the end of the link header"),
        "{told}"
    );
    let (_, told) = said("client.fw1.pcap", &odd, "zh-CN");
    assert!(told.contains("有 3 个帧未能读取：2 个为 ARP"), "{told}");
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
