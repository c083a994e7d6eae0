use super::*;
use crate::firewall::{Conntrack, CtState, Half, parse_rule};
use crate::ids::PacketId;
use crate::packet::{Segment, SeqNr, Unreachable};

fn chain(rules: &[&str]) -> Chain {
    let mut chain = Chain::new(Policy::Accept, RuleId(0));
    let number = |name: &str| name.strip_prefix('c').and_then(|number| number.parse().ok());
    for (at, text) in rules.iter().enumerate() {
        let rule = parse_rule(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let names = Resolver { interface: &|_| None, chain: &number };
        chain.push(RuleId(at as u32 + 1), &rule, names);
    }
    chain
}

fn syn() -> Packet {
    Packet {
        id: PacketId(0),
        tag: None,
        last_frame: None,
        src: "192.168.10.10".parse().unwrap(),
        dst: "203.0.113.10".parse().unwrap(),
        ttl: 64,
        body: Body::Tcp(Segment { dst_port: 21, seq: SeqNr(1), flags: Flags::SYN, ..Segment::default() }),
    }
}

fn seen<'a>(packet: &'a Packet, tracked: Option<&'a Tracked>) -> PacketContext<'a> {
    PacketContext { packet, input: None, output: None, tracked, now: Instant::START }
}

/// What a chain decides that jumps through `depth` chains, the last of which has `rule`.
fn at_depth(depth: u8, rule: &str) -> Verdict {
    let next: Vec<String> = (1..depth).map(|number| format!("jump c{number}")).collect();
    let mut named: Vec<Chain> = next.iter().map(|jump| chain(&[jump])).collect();
    named.push(chain(&[rule]));
    chain(&["jump c0"]).decide(&mut named, seen(&syn(), None)).verdict
}

#[test]
fn the_status_of_connections_is_compared_as_the_kernel_does() {
    let packet = syn();
    let mut conntrack = Conntrack::default();
    conntrack.translates = true;
    let begun = conntrack.track(Instant::START, &packet);
    let mut translated = begun;
    let (original, mut reply) = begun.tuples().unwrap();
    reply.from.port = 2121;
    assert_eq!(original.to.port, 21);
    translated.set_reply(reply, Half::Destination);
    // Of a connection, of one whose destination is translated, untracked, INVALID. Recorded with Linux 6.18.
    let untracked = Tracked::untracked();
    let mut stray = packet.clone();
    stray.body = Body::Tcp(Segment { flags: Flags::RST, ..Segment::default() });
    let invalid = Conntrack::default().track(Instant::START, &stray);
    assert_eq!(invalid.state, CtState::Invalid);
    for (rule, expected) in [
        ("ct status dnat drop", [false, true, false, false]),
        ("ct status snat drop", [false; 4]),
        ("ct status snat,dnat drop", [false, true, false, false]),
        ("ct status == dnat drop", [false; 4]),
        ("ct status { snat, dnat } drop", [false; 4]),
        ("ct status != dnat drop", [true, true, false, false]),
        ("ct status != snat,dnat drop", [true, true, false, false]),
        ("ct status != { snat, dnat } drop", [true, true, false, false]),
    ] {
        let drops = |tracked| chain(&[rule]).decide(&mut [], seen(&packet, Some(tracked))).verdict == Verdict::Drop;
        assert_eq!([&begun, &translated, &untracked, &invalid].map(drops), expected, "{rule}");
    }
}

/// Each rule as nft 1.0.6 compiles it (`nft -c --debug=netlink`).
#[test]
fn flags_mean_what_nft_makes_of_them() {
    let (fin, first, rst, ack) = (Flags::FIN, Flags::SYN, Flags::RST, Flags::ACK);
    let sent = [fin, first, ack, first.with(ack), fin.with(ack), rst];
    for (rule, expected) in [
        ("tcp flags syn,ack", [false, true, true, true, true, false]),
        ("tcp flags syn|ack", [false, true, true, true, true, false]),
        ("tcp flags ! syn,ack", [true, false, false, false, false, true]),
        ("tcp flags { syn, ack }", [false, true, true, false, false, false]),
        ("tcp flags != { syn, ack }", [true, false, false, true, true, true]),
        ("tcp flags { syn|ack, fin }", [true, false, false, true, false, false]),
        ("tcp flags == syn,ack", [false, false, false, true, false, false]),
        ("tcp flags syn / syn,ack", [false, true, false, false, false, false]),
        ("tcp flags != syn / syn,ack", [true, false, true, true, true, true]),
        ("tcp flags & (syn|ack) syn", [false, true, false, false, false, false]),
        ("tcp flags & (syn|ack) { syn, ack }", [false, true, true, false, true, false]),
        ("tcp flags & (syn|ack) == fin", [false; 6]),
        ("tcp flags & syn 0", [true, false, true, false, true, true]),
        ("tcp flags 0", [false; 6]),
        ("tcp flags 0x12", [false, true, true, true, true, false]),
        ("tcp flags vmap { syn : drop, 0x12 : drop }", [false, true, false, true, false, false]),
    ] {
        let drops = sent.map(|flags| {
            let mut packet = syn();
            packet.body = Body::Tcp(Segment { dst_port: 21, flags, ..Segment::default() });
            let rule = if rule.contains("vmap") { rule.to_owned() } else { format!("{rule} drop") };
            chain(&[&rule]).decide(&mut [], seen(&packet, None)).verdict == Verdict::Drop
        });
        assert_eq!(drops, expected, "{rule}");
    }
}

/// Whether a rule drops a SYN and an ICMP error about it, over IPv4 and over IPv6.
#[test]
fn what_a_rule_asks_without_words_counts_too() {
    let v4 = syn();
    let v6 = Packet { src: "2001:db8::1".parse().unwrap(), dst: "2001:db8::2".parse().unwrap(), ..syn() };
    let error = |about: &Packet| {
        let icmp = Icmp::Unreachable { reason: Unreachable::Port, quoted: about.clone() };
        Packet { body: Body::Icmp(Box::new(icmp)), ..about.clone() }
    };
    let sent = [v4.clone(), v6.clone(), error(&v4), error(&v6)];
    for (rule, expected) in [
        ("reject", [true; 4]),
        ("reject with icmpx host-unreachable", [true; 4]),
        ("reject with icmp host-unreachable", [true, false, true, false]),
        ("log reject with icmpv6 no-route", [false, true, false, true]),
        ("reject with tcp reset", [true, true, false, false]),
        ("reject with icmp type 1", [true, false, true, false]),
        ("meta nfproto { ipv4, 10 } drop", [true; 4]),
        ("meta nfproto != ipv4 drop", [false, true, false, true]),
        ("meta protocol { ip6, arp } drop", [false, true, false, true]),
        ("meta protocol vmap { 0x0800 : drop }", [true, false, true, false]),
        ("meta l4proto { 1, 6 } drop", [true, true, true, false]),
        ("meta l4proto 2-57 drop", [true, true, false, false]),
        ("meta l4proto > 6 drop", [false, false, false, true]),
        ("meta l4proto gre drop", [false; 4]),
        ("ip protocol != gre drop", [true, false, true, false]),
        ("ip6 nexthdr 58 drop", [false, false, false, true]),
        ("icmp type 3 drop", [false, false, true, false]),
        ("icmp type != 3 drop", [false; 4]),
        ("icmp type 3-11 drop", [false, false, true, false]),
        ("icmpv6 type { 1, 129 } drop", [false, false, false, true]),
        ("icmpv6 type != packet-too-big drop", [false, false, false, true]),
        ("ip saddr 10.0.0.1 icmpv6 type 1 drop", [false; 4]),
        ("th dport 0x15 drop", [true, true, false, false]),
        ("tcp dport 025 drop", [true, true, false, false]),
        ("tcp dport >= 0 drop", [true, true, false, false]),
        ("tcp dport < 0 drop", [false; 4]),
        ("udp dport != 53 drop", [false; 4]),
        ("ip saddr > 192.168.10.9 drop", [true, false, true, false]),
        ("ip saddr { 10.0.0.0/8, 192.168.10.0-192.168.10.10 } drop", [true, false, true, false]),
        ("tcp dport vmap { 20-21:drop } accept", [true, true, false, false]),
        ("continue drop", [true; 4]),
    ] {
        let drops =
            sent.each_ref().map(|packet| chain(&[rule]).decide(&mut [], seen(packet, None)).verdict != Verdict::Accept);
        assert_eq!(drops, expected, "{rule}");
    }
}

/// A connection that is NEW, that was answered, and that is assured; without NAT.
#[test]
fn status_and_direction_are_those_of_the_connection() {
    let mut table = Conntrack::default();
    let segment = |reply: bool, flags, seq, ack| {
        let (src_port, dst_port) = if reply { (21, 40_000) } else { (40_000, 21) };
        let segment =
            Segment { src_port, dst_port, seq: SeqNr(seq), ack: SeqNr(ack), flags, window: 1000, ..Segment::default() };
        let (src, dst) = (syn().src, syn().dst);
        let (src, dst) = if reply { (dst, src) } else { (src, dst) };
        Packet { src, dst, body: Body::Tcp(segment), ..syn() }
    };
    let packets = [
        segment(false, Flags::SYN, 1, 0),
        segment(true, Flags::SYN.with(Flags::ACK), 100, 2),
        segment(false, Flags::ACK, 2, 101),
    ];
    let tracked = packets.each_ref().map(|packet| {
        let tracked = table.track(Instant::START, packet);
        assert!(table.confirm(Instant::START, &tracked, packet));
        tracked
    });
    for (rule, expected) in [
        ("ct status confirmed", [false, true, true]),
        ("ct status seen-reply", [false, true, true]),
        ("ct status assured", [false, false, true]),
        ("ct status ! assured", [true, true, false]),
        ("ct status assured|expected", [false, false, true]),
        ("ct status == seen-reply,confirmed", [false, true, false]),
        ("ct status & (assured|confirmed) == confirmed", [false, true, false]),
        ("ct status expected", [false; 3]),
        ("ct direction { 0 }", [true, false, true]),
        ("ct direction { original, reply }", [true; 3]),
        ("ct direction != original", [false, true, false]),
        ("ct direction 2", [false; 3]),
        ("ct state new / new,established", [true, false, false]),
        ("ct state & (new|established) == established", [false, true, true]),
        ("ct state ! new", [false, true, true]),
        ("ct state 2", [false, true, true]),
        ("ct state { new|established, 2 }", [false, true, true]),
        ("ct helper \"sip\"", [false; 3]),
        ("ct helper != \"sip\"", [false; 3]),
    ] {
        let mut chain = chain(&[&format!("{rule} drop")]);
        let drops =
            [0, 1, 2].map(|at| chain.decide(&mut [], seen(&packets[at], Some(&tracked[at]))).verdict == Verdict::Drop);
        assert_eq!(drops, expected, "{rule}");
    }
}

#[test]
fn only_jumps_can_lead_too_deep() {
    for rule in ["counter", "return", "log", "tcp dport vmap { 21 : return }", "accept"] {
        assert_eq!(at_depth(DEEPEST_JUMP, rule), Verdict::Accept, "{rule}");
    }
    assert_eq!(at_depth(DEEPEST_JUMP, "drop"), Verdict::Drop);
    assert_eq!(at_depth(DEEPEST_JUMP + 1, "counter"), Verdict::Drop);
}
