//! Where a packet went and how it ended: the SYN of the first data connection, frame by frame, with the chain of causes
//! that led to it.
//!
//! ```text
//! cargo run --example journey
//! ```

use ftpscope::narrate::{Language, Messages, sentence};
use ftpscope::packet::Channel;
use ftpscope::scenario;
use ftpscope::trace::Event;

fn main() {
    let classic = scenario::builtin("classic").expect("it ships with the program");
    let scenario = scenario::parse(classic.source, "classic.toml").expect("it has no mistakes");
    let trace = scenario.run().expect("it stays within its limits");
    let messages = Messages::new(Language::detect(None));

    let is_data_syn = |event: &Event| {
        let Event::Sent { packet, .. } = event else { return false };
        let packet = trace.packet(*packet);
        packet.tag.is_some_and(|tag| tag.channel == Channel::Data) && packet.tcp().is_some_and(|tcp| tcp.is_syn())
    };
    let first = trace.ids().find(|id| is_data_syn(&trace.frame(*id).event)).expect("a data connection is tried");

    println!("Why it left:");
    // Nearest first; five are enough.
    let mut causes: Vec<_> = trace.causes(first).take(5).collect();
    causes.reverse();
    for id in causes {
        println!("  {:>7.3} s  {}", trace.frame(id).at.as_secs_f64(), sentence(&messages, &trace, id));
    }

    println!("What became of it:");
    let packet = trace.packet_of(trace.frame(first)).expect("it was sent").id;
    for id in trace.ids().filter(|id| trace.packet_of(trace.frame(*id)).is_some_and(|it| it.id == packet)) {
        let frame = trace.frame(id);
        let node = trace.node_name(frame.node);
        println!("  {:>7.3} s  {node:<9} {}", frame.at.as_secs_f64(), sentence(&messages, &trace, id));
    }
}
