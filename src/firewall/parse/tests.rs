use super::*;
use crate::firewall::{AddressSet, CtState, Direction, Limit, NatTarget, PortSet, RejectWith};
use crate::packet::{Flags, Unreachable};
use crate::time::Duration;
use proptest::prelude::*;

fn rule(text: &str) -> Rule {
    parse_rule(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn tests(text: &str) -> Vec<(Test, bool)> {
    rule(text).matches.into_iter().map(|found| (found.test, found.negated)).collect()
}

/// Every error as `words: message (help)`.
fn errors(text: &str) -> String {
    let errors = parse_rule(text).expect_err(text);
    let lines = errors.iter().map(|error| {
        let help = error.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}\n", &text[error.span.clone()], error.message)
    });
    lines.collect()
}

#[test]
fn conditions() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(tests("iifname lan"), [(Test::InInterface(names(&["lan"])), false)]);
    assert_eq!(tests(r#"oifname != { "a", b-c }"#), [(Test::OutInterface(names(&["a", "b-c"])), true)]);
    assert_eq!(tests("tcp dport ftp"), [(Test::DestinationPort(PortSet(vec![(21, 21)])), false)]);
    assert_eq!(
        tests("tcp sport != { ftp-data, 1024-65535, 20-ftp }"),
        [(Test::SourcePort(PortSet(vec![(20, 20), (1024, 65535), (20, 21)])), true)]
    );
    assert_eq!(tests("ct state new,related"), [(Test::CtState(vec![CtState::New, CtState::Related]), false)]);
    assert_eq!(tests("ct state != { invalid }"), [(Test::CtState(vec![CtState::Invalid]), true)]);
    assert_eq!(tests("meta l4proto { tcp, ipv6-icmp }"), [(Test::Protocol(vec![(6, 6), (58, 58)]), false)]);
    assert_eq!(tests("meta nfproto ipv6"), [(Test::Family(vec![Family::V6]), false)]);
    assert_eq!(
        tests("ip protocol != tcp"),
        [(Test::Family(vec![Family::V4]), false), (Test::Protocol(vec![(6, 6)]), true)]
    );
}

#[test]
fn addresses() {
    let set = AddressSet {
        family: Family::V4,
        networks: vec!["10.0.0.0/8".parse().unwrap(), "192.168.1.10/32".parse().unwrap()],
        ranges: vec![("172.16.0.1".parse().unwrap(), "172.16.0.9".parse().unwrap())],
    };
    let text = "ip saddr { 10.1.2.3/8, 192.168.1.10, 172.16.0.1-172.16.0.9 }";
    assert_eq!(tests(text), [(Test::SourceAddress(set), false)]);
    let set = AddressSet { family: Family::V6, networks: vec!["2001:db8::/32".parse().unwrap()], ranges: vec![] };
    assert_eq!(tests("ip6 daddr != 2001:db8::/32"), [(Test::DestinationAddress(set), true)]);
}

#[test]
fn flags_mean_what_nft_makes_of_them() {
    let (syn, ack, all) = (Flags::SYN, Flags::ACK, Flags::from_bits(0xff));
    let both = syn.with(ack);
    let flags = |mask, value, negated| [(Test::TcpFlags { mask, values: vec![value] }, negated)];
    assert_eq!(tests("tcp flags syn"), flags(syn, syn, false));
    assert_eq!(tests("tcp flags syn,ack"), flags(both, Flags::default(), true));
    assert_eq!(tests("tcp flags == syn"), flags(all, syn, false));
    assert_eq!(tests("tcp flags != syn"), flags(all, syn, true));
    assert_eq!(tests("tcp flags & (syn|ack) == syn"), flags(both, syn, false));
    assert_eq!(tests("tcp flags & (syn | ack) != syn"), flags(both, syn, true));
    assert_eq!(tests("tcp flags syn / syn,ack"), flags(both, syn, false));
    assert_eq!(tests("tcp flags & (syn|ack) == 0x0"), flags(both, Flags::default(), false));
}

#[test]
fn verdicts_and_the_rest() {
    let action = |text: &str| rule(text).action.unwrap();
    assert_eq!(action("accept"), Action::Accept);
    assert_eq!(action("drop"), Action::Drop);
    assert_eq!(action("reject"), Action::Reject(RejectWith::Icmp(Unreachable::Port)));
    assert_eq!(action("reject with tcp reset"), Action::Reject(RejectWith::TcpReset));
    for (text, reason) in [
        ("icmp type host-prohibited", Unreachable::HostProhibited),
        ("icmp net-unreachable", Unreachable::Net),
        ("icmpv6 type addr-unreachable", Unreachable::Host),
        ("icmpx type no-route", Unreachable::Net),
        ("icmpx admin-prohibited", Unreachable::AdminProhibited),
    ] {
        assert_eq!(action(&format!("reject with {text}")), Action::Reject(RejectWith::Icmp(reason)));
    }
    let full = rule(r#"tcp dport 21 counter packets 7 bytes 420 accept comment "let FTP in""#);
    assert_eq!((full.counter, full.action, full.comment.as_deref()), (true, Some(Action::Accept), Some("let FTP in")));
    assert_eq!(rule("counter").action, None);
}

#[test]
fn policies() {
    assert_eq!(parse_policy("drop"), Ok(Policy::Drop));
    assert_eq!(parse_policy("dorp").unwrap_err().help.unwrap(), "did you mean `drop`?");
    assert!(parse_policy("reject").unwrap_err().help.unwrap().contains("a last rule"));
}

#[test]
fn mistakes_are_named_at_their_words() {
    let texts = [
        "tcp dprot 21 acept",
        "tcp dport 21 22 accept",
        "ct state established,realted accept",
        "tcp dport { 21 22 } drop",
        "tcp dport 65536 accept tcp sport 20",
        "ip saddr 2001:db8::1 reject with tcp rst",
        "-A FORWARD -p tcp --dport 21 -j ACCEPT",
        "iifname “lan” accept",
        "comment \"x\" accept",
        "tcp dport {",
        "tcp dport 2000-1000 drop accept",
        " ",
    ];
    let report: Vec<String> = texts.iter().map(|text| format!("> {text}\n{}", errors(text))).collect();
    insta::assert_snapshot!(report.join("\n"));
}

#[test]
fn what_nftables_has_and_we_have_not_is_said_so() {
    for text in [
        "quota 5 mbytes accept",
        "sctp dport 53 accept",
        "meta mark 1 accept",
        "queue num 0",
        "tcp dport 21 ct mark 1 accept",
    ] {
        let errors = parse_rule(text).expect_err(text);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].message.contains("ftpscope does not know it (yet)"), "{text}: {errors:?}");
    }
}

#[test]
fn further_statements() {
    let port = |low, high| [(Test::DestinationPort(PortSet(vec![(low, high)])), false)];
    assert_eq!(tests("tcp dport < 1024"), port(0, 1023));
    assert_eq!(tests("tcp dport >= 1024"), port(1024, 65535));
    assert_eq!(tests("th dport gt 20"), port(21, 65535));
    assert_eq!(tests("udp dport 53"), [(Test::Never, false)]);
    assert_eq!(tests("ct direction original"), [(Test::CtDirection(vec![Direction::Original]), false)]);
    assert_eq!(tests("ct helper != \"ftp\""), [(Test::CtHelper { ftp: true }, true)]);
    let limit = |rate, seconds, burst, bytes, over| {
        [(Test::Limit(Limit { rate, per: Duration::from_secs(seconds), burst, bytes, over }), false)]
    };
    assert_eq!(tests("limit rate 10/second"), limit(10, 1, 5, false, false));
    assert_eq!(tests("limit rate over 3/minute burst 7 packets"), limit(3, 60, 7, false, true));
    assert_eq!(tests("limit rate 2 kbytes/hour burst 1 mbytes"), limit(2048, 3600, 1 << 20, true, false));
    assert_eq!(rule("tcp dport 21 jump ftp").action, Some(Action::Jump("ftp".into())));
    assert_eq!(rule("goto ftp").action, Some(Action::Goto("ftp".into())));
    assert_eq!(rule("tcp dport 21 return").action, Some(Action::Return));
    assert!(rule("tcp dport 21 log prefix \"ftp: \" level info flags tcp sequence,options notrack").notrack);
    assert!(rule("log prefix x group 2 snaplen 64 drop").log);
    let map = rule("ct state vmap { established : accept, related: jump ftp, invalid : drop }").action;
    let Some(Action::Map(elements)) = map else { panic!("it is a map") };
    let state = |state| Test::CtState(vec![state]);
    assert_eq!(
        elements,
        [
            (state(CtState::Established), Action::Accept),
            (state(CtState::Related), Action::Jump("ftp".into())),
            (state(CtState::Invalid), Action::Drop),
        ]
    );
    for good in [
        "tcp dport vmap { 21 : accept, 1024-65535 : goto high, }",
        "iifname vmap { lo : accept, \"client\" : jump inside }",
        "meta l4proto tcp ip saddr vmap { 10.0.0.0/8 : return, 192.168.1.1 : drop }",
    ] {
        assert!(matches!(rule(good).action, Some(Action::Map(_))), "{good}");
    }
    for wrong in [
        "ct state vmap",
        "ct state vmap { }",
        "ct state vmap { new }",
        "ct state vmap { new : }",
        "ct state vmap { new : reject }",
        "ct state vmap { new : accept",
        "ct state vmap { new : continue } drop",
        "ct state vmap { new : accept established : drop }",
        "tcp dport < ftpx",
        "limit",
        "limit rate",
        "limit rate 10",
        "limit rate 10/fortnight",
        "limit rate x/second",
        "limit rate 10/second burst",
        "log prefix",
        "log level loud",
        "jump",
        "jump \"x\"",
        "jump a accept",
        "ct original proto-dst 21",
        "ct original ip proto-dst 21",
        "icmp type hello",
        "icmp code 3",
        "udp dport x",
    ] {
        assert!(parse_rule(wrong).is_err(), "{wrong}");
    }
}

/// Each was shown to nft 1.0.6 (`nft -c -f`).
#[test]
fn what_nft_takes_is_taken_and_what_it_refuses_is_refused() {
    for good in [
        "tcp dport vmap { 20-30 : accept, 31 : accept }",
        "tcp dport vmap { 21 : accept, 21 : accept }",
        "ip saddr vmap { 10.0.0.1-10.0.0.9 : accept, 10.0.0.10 : accept }",
        "limit rate 5 bytes/second burst 3 kbytes",
        "log level audit",
        "log group 1 prefix \"x\" snaplen 5",
        "log flags skuid flags tcp options,sequence flags ip options level info prefix x",
        "ip protocol { tcp, udp }",
    ] {
        rule(good);
    }
    let report: Vec<String> = [
        "tcp dport vmap { 21 : accept, 21 : drop }",
        "tcp dport vmap { 21 : jump a, ftp : goto a }",
        "tcp dport vmap { 22 : drop, 20-30 : accept }",
        "tcp dport vmap { 21 : accept, 40 : drop, 21 : accept, 20-30 : drop }",
        "ip saddr vmap { 10.0.0.0/8 : accept, 10.1.0.0/16 : drop }",
        "ip6 daddr vmap { ::1 : accept, ::-::5 : accept }",
        "ct state vmap { established : accept, new : drop, established : drop }",
        "iifname vmap { \"a\" : accept, a : drop }",
        "iifname vmap { \"a*\" : accept }",
        "meta l4proto vmap { icmpv6 : accept, ipv6-icmp : drop }",
        "tcp dport vmap { { 20, 21 } : accept }",
        "ct state vmap { established,related : accept }",
        "tcp dport vmap { < 20 : accept }",
        "tcp dport == vmap { 20 : accept }",
        "ct state != vmap { new : accept }",
        "limit rate != 5/second",
        "limit rate until 5/second",
        "limit rate over until 5/second",
        "limit rate 5/second burst 3",
        "limit rate 5/second burst 3 bytes",
        "limit rate 5 bytes/second burst 3",
        "limit rate 5 bytes/second burst 3 packets",
        "log level audit prefix \"a\"",
        "log prefix \"a\" level audit",
        "log group 1 level info",
        "log level info snaplen 5",
        "log group 1 flags all",
        "log flags all,ip",
        "log flags ip",
        "log flags tcp",
        "log flags sequence",
        "ct original saddr 10.0.0.1",
        "ip protocol tcp,udp",
        "meta l4proto tcp,udp",
    ]
    .iter()
    .map(|text| format!("> {text}\n{}", errors(text)))
    .collect();
    insta::assert_snapshot!(report.join("\n"));
}

/// Whatever is nftables and not here gives one error that says so, whatever stands around it; and no advice makes a rule
/// match more than it did.
#[test]
fn one_cause_has_one_error_and_advice_never_widens_a_rule() {
    const UNKNOWN: &str = "ftpscope does not know";
    for (text, words) in [
        ("iifname $lan accept", UNKNOWN),
        ("tcp dport { $a, $b } accept", UNKNOWN),
        ("define lan = { eth0, eth1 }", UNKNOWN),
        ("tcp dport @allowed accept", UNKNOWN),
        ("ip saddr @s ip daddr 10.0.0.1 accept", UNKNOWN),
        ("ct state vmap @states", UNKNOWN),
        ("set s { type ipv4_addr; elements = { 10.0.0.1 } }", UNKNOWN),
        ("ip saddr . tcp dport { 10.0.0.1 . 21, 10.0.0.2 . 22 } accept", UNKNOWN),
        ("ip saddr . tcp dport vmap { 10.0.0.1 . 21 : accept }", UNKNOWN),
        ("fib saddr . iif oif missing drop", UNKNOWN),
        ("dnat to tcp dport map { 21 : 10.0.0.1, 22 : 10.0.0.2 }", UNKNOWN),
        ("tcp dport map { 21 : 10.0.0.1 }", UNKNOWN),
        ("dnat ip to numgen inc mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }", UNKNOWN),
        ("dnat ip to 10.0.0.1-10.0.0.9", UNKNOWN),
        ("dnat ip prefix to ip daddr map { 10.0.0.0/24 : 10.1.0.0/24 }", UNKNOWN),
        ("tcp flags syn tcp option maxseg size set rt mtu", UNKNOWN),
        ("meta skuid 1000 accept", UNKNOWN),
        ("skuid 1000 accept", UNKNOWN),
        ("ct mark set meta mark", UNKNOWN),
        ("counter name \"x\" accept", UNKNOWN),
        ("limit name \"x\" accept", UNKNOWN),
        ("meter flood { ip saddr limit rate 10/second } accept", UNKNOWN),
        ("ether saddr aa:bb:cc:dd:ee:ff accept", UNKNOWN),
        ("igmp type membership-query accept", UNKNOWN),
        ("icmp code port-unreachable accept", UNKNOWN),
        ("ip ttl < 5 ip dscp cs1 drop", UNKNOWN),
        ("@th,16,16 21 accept", UNKNOWN),
        ("tcp dport & 1 == 1 accept", UNKNOWN),
        ("tcp dport 20|21 accept", UNKNOWN),
        ("iifname \"eth*\" accept", UNKNOWN),
        ("tcp dport vmap { 21 : continue } accept", UNKNOWN),
        ("log prefix \"$(x)\" accept", UNKNOWN),
        ("flow add @ft", UNKNOWN),
        ("ct helper set \"ftp-standard\"", "one helper object"),
        (
            "table inet filter { chain input { type filter hook input priority 0; tcp dport 21 accept } }",
            "string of its own",
        ),
        ("chain input { type filter hook input priority 0; policy drop; }", "firewall.chains.CHAIN"),
        ("type filter hook input priority 0; policy drop;", "policy = \"drop\""),
        ("add rule inet filter input tcp dport 21 accept", "the rule alone"),
        ("}", "string of its own"),
        ("tcp dport 21 accept; tcp dport 22 accept", "string of its own"),
        ("tcp dport 21 accept\ntcp dport 22 accept", "string of its own"),
        ("-A INPUT -p tcp -j ACCEPT", "iptables-translate"),
        ("iptables -t nat -A POSTROUTING -j MASQUERADE", "iptables-restore-translate"),
        ("*filter", "iptables-restore-translate"),
        (":INPUT ACCEPT [0:0]", "iptables-restore-translate"),
        ("COMMIT", "iptables-restore-translate"),
        ("ip saddr 10.0.0.1 ip6 daddr ::1 accept", "two rules"),
        ("udp dport 53 tcp dport 21 accept", "two rules"),
        ("redirect to :2121", "which protocol"),
        ("ip saddr 10.0.0.0/08 accept", "plain number"),
        ("tcp dport ftp-data-ftp accept", "20-21"),
        ("tcp dport +5 accept", "no signs"),
    ] {
        let errors = parse_rule(text).expect_err(text);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        let told = format!("{} ({})", errors[0].message, errors[0].help.as_deref().unwrap_or_default());
        assert!(told.contains(words), "{text}: {told}");
        assert!(!told.contains("leave") && !told.contains("did you mean `icmp`"), "{text}: {told}");
    }
}

/// What a script must not meet: nft refuses it, or would read something else.
#[test]
fn texts_are_those_that_nft_takes() {
    for good in [
        "log prefix \"a b; # d\" accept",
        "accept comment \"a 'b' {c}\"",
        "log prefix \"\"",
        "accept comment x/y",
        "log prefix x*",
    ] {
        rule(good);
    }
    let long = |length: usize| "x".repeat(length);
    assert!(parse_rule(&format!("log prefix \"{}\"", long(127))).is_ok());
    assert!(parse_rule(&format!("accept comment \"{}\"", long(128))).is_ok());
    for wrong in [
        format!("log prefix \"{}\"", long(128)),
        format!("accept comment \"{}\"", long(129)),
        "log prefix \"a\0b\"".to_owned(),
        "accept comment \"a\0b\"".to_owned(),
        "accept comment \"a\nb\"".to_owned(),
        "log prefix \"$x\"".to_owned(),
        "log prefix accept".to_owned(),
        "log prefix level".to_owned(),
        "accept comment 5".to_owned(),
        "accept comment drop".to_owned(),
        "comment \"x\"".to_owned(),
        "jump accept".to_owned(),
        "accept comment \"x".to_owned(),
    ] {
        assert!(parse_rule(&wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(super::plain_text("tcp dport {\n 21, # ftp\n 22 }  accept ; # x"), "tcp dport { 21, 22 } accept");
}

#[test]
fn states_are_compared_as_nft_does() {
    use CtState::{New, Related};
    assert_eq!(tests("ct state new,related"), [(Test::CtState(vec![New, Related]), false)]);
    assert_eq!(tests("ct state != { new, related }"), [(Test::CtState(vec![New, Related]), true)]);
    assert_eq!(tests("ct state == new,new"), [(Test::CtState(vec![New]), false)]);
    assert_eq!(tests("ct state == new,related"), [(Test::CtState(vec![]), false)]);
    assert_eq!(tests("ct state != new,related"), [(Test::CtState(vec![]), true)]);
}

#[test]
fn nat_and_the_helper_are_read_as_nft_writes_them() {
    let address = |text: &str| text.parse().unwrap();
    for (text, target) in [
        ("snat to 1.2.3.4", NatTarget::Source { address: Some(address("1.2.3.4")), ports: None, random: false }),
        (
            "meta l4proto tcp snat ip to 1.2.3.4:1024-2047",
            NatTarget::Source { address: Some(address("1.2.3.4")), ports: Some((1024, 2047)), random: false },
        ),
        (
            "meta l4proto tcp dnat ip to 10.0.0.1:2121",
            NatTarget::Destination { address: Some(address("10.0.0.1")), ports: Some((2121, 2121)), random: false },
        ),
        (
            "meta l4proto tcp dnat to [2001:db8::1]:21",
            NatTarget::Destination { address: Some(address("2001:db8::1")), ports: Some((21, 21)), random: false },
        ),
        ("masquerade fully-random", NatTarget::Masquerade { ports: None, random: true }),
        (
            "meta l4proto tcp masquerade to :40000-40009",
            NatTarget::Masquerade { ports: Some((40_000, 40_009)), random: false },
        ),
        ("meta l4proto tcp redirect to :2121", NatTarget::Redirect { ports: Some((2121, 2121)), random: false }),
    ] {
        assert_eq!(parse_rule(text).expect(text).action, Some(Action::Nat(target)), "{text}");
    }
    assert!(parse_rule("tcp dport 21 ct helper set \"ftp\"").unwrap().sets_helper);
    for wrong in ["snat", "snat to", "dnat to nowhere", "redirect to 21", "ct helper set \"sip\"", "ct helper ftp ftp"]
    {
        assert!(parse_rule(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics_and_spans_are_inside(text in "\\PC{0,60}") {
        check_spans(&text);
    }

    #[test]
    fn neither_does_nearly_a_rule(words in prop::collection::vec(
        prop::sample::select(vec![
            "tcp", "dport", "flags", "&", "(", ")", "syn", "|", "==", "!=", "{", "}", ",", "21", "1-2", "2-1", "ip", "saddr",
            "10.0.0.0/8", "10.0.0.0/99", "::", "ct", "state", "new", "reject", "with", "icmp", "type", "counter", "packets",
            "comment", "\"", "\"x\"", "accept", "iifname", "meta", "l4proto", "/", "helper", "-", "--", "中文", "limit", "rate", "over", "second", "burst", "log", "jump", "ftp",
            "original", "proto-dst", "icmp", "<", ">=", "notrack", "vmap", ":", "new:",
        ]), 0..12)) {
        check_spans(&words.join(" "));
        check_spans(&words.concat());
    }
}

fn check_spans(text: &str) {
    for error in parse_rule(text).err().unwrap_or_default() {
        assert!(text.get(error.span.clone()).is_some(), "{text:?}: {error:?}");
    }
}
