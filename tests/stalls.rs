//! What becomes of transfers whose data connection stalls: the times of servers and clients, as measured with vsftpd 3.0.3
//! and curl 7.88.1 in network namespaces on Linux 6.18. The kernel's timer wheel makes real keep-alive probes late by up
//! to an eighth (61.4 s for 60), which the simulation does not.

use ftpscope::ftp::CommandResult;
use ftpscope::packet::{Flags, SeqNr};
use ftpscope::scenario::parse;
use ftpscope::trace::{Event, Side, SocketAction, Trace};

fn run(source: &str) -> Trace {
    let scenario = parse(source, "test.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    scenario.run().unwrap_or_else(|limit| panic!("{limit}\n{source}"))
}

/// Second and text of everything that the server said from 400 on.
fn complaints(trace: &Trace) -> Vec<(u64, u16)> {
    let said = trace.frames.iter().filter_map(|frame| match &frame.event {
        Event::FtpReply { side: Side::Sent, code, .. } if *code >= 400 || *code == 226 => {
            Some((frame.at.as_nanos() / 1_000_000_000, *code))
        }
        _ => None,
    });
    said.collect()
}

/// Second and result of the first entry.
fn first_result(trace: &Trace) -> (u64, CommandResult) {
    let result = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Command { index: 0, result: Some(result), .. } => Some((frame.at.as_nanos() / 1_000_000_000, *result)),
        _ => None,
    });
    result.expect("the entry ends")
}

fn cut(server: &str, software: &str, size: &str, run: &str) -> String {
    format!(
        "title = \"t\"\nseed = 1\nlimits = {{ time = \"48 h\" }}\n\
         links = [\"client -- r\", {{ path = \"r -- server\", cuts = [{{ from = \"300 ms\", to = \"100000 s\" }}] }}]\n\
         [nodes.server]\nftp-server = {{ {server}, files = {{ f = \"{size}\" }} }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"{software}\"\nrun = [\"{run}\"]\n\
         files = {{ f = \"{size}\", g = \"{size}\" }}\n"
    )
}

/// The send buffer is full and vsftpd sleeps in `sendfile()`. Its alarm looks every 300 s whether anything was written: in
/// the first period, of course; in the second the little that had become free meanwhile; not in the third. curl's
/// keep-alive gives up after ten minutes (measured: 421 at 900.0 s, curl at 613 s with its late probes).
#[test]
fn a_download_into_a_dead_line_ends_by_the_programs_own_times() {
    let trace = run(&cut("software = \"vsftpd\"", "curl", "20 MB", "get f"));
    assert_eq!(complaints(&trace), [(900, 421)]);
    let (second, result) = first_result(&trace);
    assert!(matches!(result, CommandResult::Lost(_)) && second == 600, "{second} {result:?}");
}

/// No period is too short to be looked at (`data_connection_timeout`).
#[test]
fn the_data_time_is_looked_at_every_period() {
    let trace = run(&cut("software = \"vsftpd\", data-connection-timeout = \"20 s\"", "curl", "20 MB", "get f"));
    assert_eq!(complaints(&trace), [(60, 421)]);
    // An upload that stalls early in the first period is found out at the end of the second (measured: 600.0 s).
    let trace = run(&cut("software = \"vsftpd\"", "curl", "20 MB", "put f"));
    assert_eq!(complaints(&trace), [(600, 421)]);
}

/// pure-ftpd waits 15 minutes and then calls only the transfer off (measured: a download ends with a 150 that tells the
/// rate, an upload with 451 Timeout). proftpd sleeps in `sendfile()` until TCP gives up (measured: 426 after 941 s).
#[test]
fn the_other_servers_wait_in_their_own_ways() {
    let said = |server: &str, run_list: &str| {
        let trace = run(&cut(&format!("software = \"{server}\""), "curl", "20 MB", run_list));
        let late = |at: u64| at > 800_000_000_000;
        let last = trace.frames.iter().find_map(|frame| match &frame.event {
            Event::FtpReply { side: Side::Sent, code, lines } if late(frame.at.as_nanos()) => {
                Some((*code, lines[0].clone(), frame.at.as_nanos()))
            }
            _ => None,
        });
        let (code, line, at) = last.expect("it says something");
        (code, line.split_whitespace().last().unwrap_or_default().to_owned(), at / 1_000_000_000)
    };
    assert_eq!(said("pure-ftpd", "get f"), (150, String::from("second"), 900));
    assert_eq!(said("pure-ftpd", "put g"), (451, String::from("Timeout"), 900));
    let (code, word, second) = said("proftpd", "get f");
    assert_eq!((code, word.as_str()), (426, "closed"));
    assert!((935..=960).contains(&second), "{second} s");
}

/// A router that swallows what is too large, and its ICMP error is filtered: all of a small file lies in the send buffer,
/// so vsftpd closes and lingers, until its alarm wakes it: 226 (measured: after 300 s). Then the connection is nobody's and
/// dies at its next timeout; the client's next keep-alive probe is answered with RST (measured: 368 s).
#[test]
fn a_black_hole_ends_in_a_226_and_a_reset() {
    let trace = run("title = \"t\"\nlimits = { time = \"48 h\" }\n\
         links = [\"client -- office\", { path = \"office -- internet\", mtu = 1300 }, \"internet -- server\"]\n\
         [nodes.server]\nftp-server = { files = { \"readme.txt\" = \"20 kB\" } }\n\
         [nodes.internet.firewall.output]\nrules = [\"icmp type destination-unreachable drop\"]\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"curl\"\nrun = [\"get readme.txt\"]\n");
    assert_eq!(complaints(&trace), [(300, 226)]);
    let reset = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Sent { packet, .. } => {
            let segment = trace.packet(*packet).tcp()?;
            (segment.flags.contains(Flags::RST) && segment.seq != SeqNr(0)).then(|| frame.at.as_nanos() / 1_000_000_000)
        }
        _ => None,
    });
    assert_eq!(reset, Some(360), "with probes that are not late");
    assert_eq!(first_result(&trace).0, 360);
    let failed = trace.frames.iter().filter(|frame| {
        matches!(frame.event, Event::Socket { action: SocketAction::Failed(_), .. })
            && trace.node_name(frame.node) == "server"
    });
    assert_eq!(failed.count(), 1, "the orphan");
}
