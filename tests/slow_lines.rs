//! Lines whose queue is longer than the first retransmission timeout, held against Linux 6.18 (Reno; vsftpd 3.0.3 and curl
//! 7.88.1 in network namespaces, `tc qdisc ... tbf rate R burst 2000 limit 200000` at the router): 20 kB, downloaded and
//! uploaded. Segments with data, and seconds until the client was done:
//!
//! | rate | 20 kbit/s | 40 kbit/s | 64 kbit/s | 128 kbit/s |
//! |---|---|---|---|---|
//! | segments | 17 | 16 | 16 | 14 |
//! | seconds | 9.9 | 4.6 | 2.9 | 1.3 |
//!
//! The simulated login takes some tenths of a second more: tbf lets the first 2000 bytes pass at once.

use ftpscope::scenario::parse;
use ftpscope::trace::Event;

/// How many segments with data the sender of a file of 20 kB sent, and when the transfer was over.
fn transfer(rate: u32, command: &str) -> (usize, f64) {
    let source = format!(
        "title = \"t\"\nlimits = {{ time = \"1 h\" }}\nlinks = [{{ path = \"client -- r\", delay = \"10 us\" }}, \
         {{ path = \"r -- server\", delay = \"10 us\", bandwidth = \"{rate} kbit/s\", queue = \"200 kB\" }}]\n\
         [nodes.server]\nftp-server = {{ files = {{ f = \"20 kB\" }} }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"passive-epsv\"\nsoftware = \"curl\"\n\
         run = [\"{command} f\"]\nfiles = {{ f = \"20 kB\" }}\n"
    );
    let scenario = parse(&source, "test.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    let trace = scenario.run().expect("it ends");
    let sender = if command == "get" { "server" } else { "client" };
    let sent = trace.frames.iter().filter(|frame| match &frame.event {
        Event::Sent { packet, .. } => {
            let packet = trace.packet(*packet);
            let of_file = packet.tcp().is_some_and(|segment| segment.payload.len() > 1000);
            of_file && trace.node_name(frame.node) == sender
        }
        _ => false,
    });
    let segments = sent.count();
    let done = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Command { index: 0, result: Some(result), .. } => {
            assert_eq!(*result, ftpscope::ftp::CommandResult::Ok);
            Some(frame.at.as_nanos() as f64 / 1e9)
        }
        _ => None,
    });
    (segments, done.expect("the command ends"))
}

/// A timeout that comes too early is taken back when an acknowledgement shows by its timestamp that nothing was lost (Eifel),
/// and the round trips that grow with the queue are learnt from every acknowledgement.
#[test]
fn a_queue_that_grows_is_no_loss() {
    for (rate, segments, seconds) in
        [(20, 16..=17, 9.0..10.9), (40, 16..=16, 4.2..5.4), (64, 15..=16, 2.6..3.6), (128, 14..=14, 1.1..1.9)]
    {
        for command in ["get", "put"] {
            let (sent, took) = transfer(rate, command);
            assert!(segments.contains(&sent), "{command} at {rate} kbit/s: {sent} segments");
            assert!(seconds.contains(&took), "{command} at {rate} kbit/s: {took} s");
        }
    }
}
