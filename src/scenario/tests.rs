use super::*;
use crate::firewall::{Hook, Policy};
use crate::ftp::Mode;
use proptest::prelude::*;

const BLACKBOARD: &str = include_str!("tests/blackboard.toml");

/// A scenario of the given links and further lines.
fn scenario(links: &str, more: &str) -> String {
    format!(
        "title = \"t\"\nlinks = {links}\n{more}\n[[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"ls\"]\n"
    )
}

fn good(source: &str) -> Scenario {
    parse(source, "test.toml").unwrap_or_else(|found| panic!("{}", render(&found, source, "test.toml", false)))
}

/// What a person sees.
fn report(source: &str) -> String {
    let found = parse(source, "test.toml").expect_err(source);
    render(&found, source, "test.toml", false)
}

#[test]
fn the_blackboard_example() {
    let scenario = good(BLACKBOARD);
    assert_eq!(scenario.warnings, []);
    assert_eq!(
        scenario.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(),
        ["client", "office", "internet", "server"]
    );
    assert_eq!(
        (scenario.seed, scenario.syn_retries, scenario.limits),
        (20, crate::tcp::SynRetries::Linux, Limits::default())
    );
    let office = &scenario.nodes[1];
    assert!(office.forward && !scenario.nodes[0].forward);
    assert_eq!(
        office.interfaces.iter().map(|interface| interface.name.as_str()).collect::<Vec<_>>(),
        ["client", "internet"]
    );
    let [chain] = &office.chains[..] else { panic!("{:?}", office.chains) };
    assert_eq!((chain.hook, chain.policy, chain.rules.len()), (Hook::Forward, Policy::Drop, 2));
    let policy = scenario.rule(chain.policy_rule).unwrap();
    assert_eq!((policy.line, policy.text.as_str(), &policy.rule), (9, "policy drop", &None));
    assert_eq!(scenario.rule(chain.rules[1]).unwrap().line, 10);
    let server = scenario.nodes[3].ftp_server.as_ref().unwrap();
    assert_eq!(server.files, [("readme.txt".to_owned(), FileBody::Size(2000))]);
    let session = &scenario.sessions[0];
    assert_eq!((session.client, session.server, session.mode), (0, Target::Node(3), Mode::Active));
    assert_eq!(session.run, ["ls", "get readme.txt"]);
    let expect = &scenario.expects[0];
    assert_eq!((expect.outcome, expect.at, expect.line), (Outcome::Dropped, Some(1), 22));
    let other = scenario.with_mode(Mode::Passive).with_seed(7);
    assert_eq!((other.sessions[0].mode, other.seed), (Mode::Passive, 7));
}

#[test]
fn every_key_is_understood() {
    let scenario = good(include_str!("tests/everything.toml"));
    assert_eq!(scenario.warnings, []);
    insta::assert_debug_snapshot!(scenario);
}

#[test]
fn a_port_for_data_connections_is_vsftpds_setting() {
    let server = |settings: &str| {
        scenario("[\"client -- server\"]", &format!("[nodes.server]\nftp-server = {{ {settings} }}\n"))
    };
    let port = good(&server("data-port = 2020")).nodes[1].ftp_server.as_ref().and_then(|spec| spec.config.data_port);
    assert_eq!(port, Some(2020));
    let mistakes = report(&server("data-port = 2020, software = \"proftpd\", rate = \"0 kB/s\""));
    assert!(mistakes.contains("proftpd has no setting for data-port"), "{mistakes}");
    assert!(mistakes.contains("the port below its own") && mistakes.contains("rate cannot be zero"), "{mistakes}");
}

#[test]
fn several_mistakes_at_once_in_source_order() {
    let broken = BLACKBOARD
        .replace("seed  = 20", "sede  = 20")
        .replace("\"192.168.1.10\"", "\"192.168.1.300\"")
        .replace("established,related accept", "established,realted acept")
        .replace("iifname \"client\"", "iifname \"cleint\"")
        .replace("mode   = \"active\"", "mode   = \"aktive\"")
        .replace("outcome = \"dropped\"", "outcome = \"droped\"")
        .replace("server = \"server\"", "server = \"sever\"")
        .replace("command = \"ls\"", "command = \"lst\"");
    insta::assert_snapshot!(report(&broken));
}

#[test]
fn names_that_do_not_exist() {
    let more = "[nodes.sever]\nftp-server = true\n[nodes.client.addresses]\nserver2 = \"10.0.0.1\"\n[[expect]]\ncommand = \"lss\"\noutcome = \"ok\"\nat = \"clinet\"\nrule = \"policy\"\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- server\"]", more)));
}

#[test]
fn wrong_types_and_units() {
    let links = "[{ path = \"client -- server\", delay = 5, bandwidth = \"100 MBit\", queue = \"10\" }, 7]";
    let more = "seed = \"x\"\nlimits = { time = \"1 hour\", frames = -1 }\n[nodes.server]\ndown = \"yes\"\nftp-server = { port = 70000, files = { \"/etc/x\" = \"hello\", a = 1, \"a/b\" = { } }, passive-ports = \"9-1\", users = [] }\n";
    insta::assert_snapshot!(report(&scenario(links, more)));
}

#[test]
fn faults_of_links_are_checked() {
    let links = "[{ path = \"client -- a\", los = \"1 %\", duplicate = \"101 %\", reorder-delay = \"2 ms\", jitter = \"5 s\" },\n\
        { path = \"a -- b\", loss = 1, reorder = \"2\", mtu = 500, cuts = [{ from = \"2 s\", to = \"1 s\" }, { from = \"1 s\" }, 3] },\n\
        { path = \"b -- server\", mtu = 1000 }]";
    let mistakes = report(&scenario(links, "[nodes.server]\naddress = \"2001:db8::5\""));
    insta::assert_snapshot!(mistakes);
    let links = "[{ path = \"client -- server\", mtu = 1000 }]";
    let mistakes = report(&scenario(links, "[nodes.server]\naddress = \"2001:db8::5\""));
    assert!(mistakes.contains("IPv6 needs an MTU of 1280"), "{mistakes}");
}

#[test]
fn routes_that_lead_nowhere_known() {
    let more = "[nodes.a]\nroutes = { \"10.0.0.5/8\" = \"server\", \"10.1.0.0/16\" = \"sever\", \"x\" = \"client\", \
        \"10.2.0.0/16\" = \"black-hole\", \"10.3.0.1\" = \"client\", \"10.3.0.1/32\" = \"throw\", \"::/0\" = 5 }";
    insta::assert_snapshot!(report(&scenario("[\"client -- a -- server\"]", more)));
}

#[test]
fn jumps_that_lead_nowhere_or_back() {
    let more = "[nodes.a.firewall]\nforward.rules = ['tcp dport 21 jump ftq', 'jump one', 'notrack']\n\
        postrouting.rules = ['goto three']\nprerouting.rules = ['notrack drop']\n\
        chains = { one = { rules = ['jump two'] }, two = { rules = ['accept'] }, three = { rules = ['reject', 'masquerade'] }, \
        four = { policy = \"drop\" }, forward = { rules = [] }, \"5\" = { rules = [] } }";
    let more = more.to_owned();
    insta::assert_snapshot!(report(&scenario("[\"client -- a -- server\"]", &more)));
    let circle = "[nodes.a.firewall]\nforward.rules = ['jump one']\n\
        chains = { one = { rules = ['jump two'] }, two = { rules = ['tcp dport 21 goto one'] } }";
    let mistakes = report(&scenario("[\"client -- a -- server\"]", circle));
    assert!(mistakes.contains("jumps lead in a circle"), "{mistakes}");
}

#[test]
fn chains_are_not_named_after_words_of_nft() {
    let named = |name: &str| {
        let more = format!(
            "[nodes.server.firewall]\ninput.rules = ['tcp dport 9 jump {name}']\nchains = {{ {name} = {{ rules = ['counter'] }} }}\n"
        );
        scenario("[\"client -- server\"]", &more)
    };
    for name in ["ftp", "state", "natty", "drops", "tcp-in", "nat"] {
        assert_eq!(good(&named(name)).warnings, [], "{name}");
    }
    for name in ["accept", "drop", "queue", "set", "tcp", "ct", "auto-merge", "oifname"] {
        let report = report(&named(name));
        assert!(report.contains(&format!("`{name}` is a word of nftables")), "{report}");
        assert!(report.contains(&format!("such as `{name}-chain`")), "{report}");
    }
    for name in ["nat_postrouting", "raw_x"] {
        assert!(report(&named(name)).contains("belong to the laboratory"), "{name}");
    }
}

#[test]
fn comparing_the_whole_status_or_several_states_is_warned_of() {
    let warned = |rule: &str| {
        let rules = format!("[nodes.server.firewall.input]\nrules = ['{rule} accept']\n");
        good(&scenario("[\"client -- server\"]", &rules))
            .warnings
            .iter()
            .map(|found| found.message.clone())
            .collect::<Vec<_>>()
    };
    assert!(warned("ct status dnat").is_empty());
    assert!(warned("ct status == dnat")[0].ends_with("never holds"));
    assert!(warned("ct status { snat, dnat }")[0].ends_with("never holds"));
    assert!(warned("ct status != snat")[0].ends_with("holds for every tracked packet"));
    assert!(warned("ct state != { new, related }").is_empty());
    assert!(warned("ct state == new,related")[0].ends_with("never holds"));
    assert!(warned("ct state != new,related")[0].ends_with("always holds"));
}

/// Chains of which each holds `jumps` jumps to the next, and the last as many counters; a hook jumps to the first.
fn ladder_of_chains(count: usize, jumps: usize) -> String {
    let chains: Vec<String> = (0..count)
        .map(|n| {
            let rule = if n + 1 == count { "'counter'".to_owned() } else { format!("'jump c{}'", n + 1) };
            format!("[nodes.server.firewall.chains.c{n}]\nrules = [{}]\n", vec![rule; jumps].join(", "))
        })
        .collect();
    let hook = "[nodes.server.firewall.input]\nrules = ['jump c0']\n";
    scenario("[\"client -- server\"]", &format!("{hook}{}", chains.concat()))
}

#[test]
fn jumps_show_a_packet_to_a_limited_number_of_rules() {
    good(&ladder_of_chains(6, 4));
    let limit = "jumps from here may show one packet to more than 10000 rules";
    for (count, jumps) in [(7, 4), (14, 4), (15, 600)] {
        let report = report(&ladder_of_chains(count, jumps));
        assert!(report.contains(limit) && report.contains("'jump c0'"), "{count}: {report}");
    }
}

#[test]
fn jumps_lead_as_deep_as_linux_lets_them() {
    good(&ladder_of_chains(15, 1));
    let deep = report(&ladder_of_chains(17, 1));
    assert_eq!(deep.matches("jumps lead here through more than 15 chains").count(), 1, "{deep}");
    assert!(!deep.contains("no rule leads"), "{deep}");
    assert!(report(&ladder_of_chains(16, 1)).contains("more than 15 chains"));
    // As many as fit into a file, forwards and in a circle.
    assert!(report(&ladder_of_chains(9_000, 1)).contains("more than 15 chains"));
    let circle = ladder_of_chains(9_000, 1).replace("'counter'", "'jump c0'");
    assert!(report(&circle).contains("jumps lead in a circle"));
}

#[test]
fn links_that_are_none() {
    let links = "[\"client -- server -- client\", \"a -- a\", \"b\", \"c - d\", \"e -- \", \"a-name-that-is-too-long -- x\", \"lo -- x\"]";
    insta::assert_snapshot!(report(&scenario(links, "")));
}

#[test]
fn addresses_that_cannot_be() {
    let more = "[nodes.client]\naddress = \"192.168.1.0\"\n[nodes.office]\naddress = [\"10.0.0.1/24\", \"fe80::1\", \"127.0.0.1\"]\n[nodes.server]\naddress = \"10.0.0.1/16\"\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- office -- server\"]", more)));
}

#[test]
fn two_nodes_with_one_address_and_two_networks_on_a_link() {
    let more = "[nodes.client]\naddress = \"192.168.1.10\"\n[nodes.office]\naddresses = { client = \"192.168.2.1\", server = \"203.0.113.5\" }\n[nodes.server]\naddress = \"203.0.113.5\"\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- office -- server\"]", more)));
}

#[test]
fn no_path_and_a_server_that_is_its_client() {
    let source =
        scenario("[\"client -- a\", \"server -- b\"]", "") + "[[sessions]]\nclient = \"a\"\nserver = \"a\"\nrun = []\n";
    insta::assert_snapshot!(report(&source));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(report("about = \"no title, no links\"\n[[sessions]]\nclient = \"client\"\n[[expect]]\n"));
    insta::assert_snapshot!("an_empty_file", report(""));
}

#[test]
fn byte_order_marks_and_windows_line_ends_are_no_mistake() {
    let windows = format!("\u{feff}{}", BLACKBOARD.replace('\n', "\r\n"));
    assert_eq!(good(&windows), good(BLACKBOARD));
    insta::assert_snapshot!(report(&windows.replace("\"drop\"", "\"dorp\"")));
}

#[test]
fn broken_toml_tells_every_mistake() {
    insta::assert_snapshot!(report("title = \"t\nlinks = [\"a -- b\"]\nseed = 1 2\n[nodes.a]\n[nodes.a]\nx = \n"));
}

#[test]
fn chinese_before_the_mistake_does_not_shift_the_line_under_it() {
    let more = "[nodes.client.firewall.input]\nrules = ['tcp dport 21 accept comment \"允许控制连接\"', 'comment \"中文\" acept']\n";
    let source = scenario("[\"client -- server\"]", more).replace("\"t\"", "\"主动模式\"");
    insta::assert_snapshot!(report(&source));
}

#[test]
fn mistakes_in_escaped_strings_underline_the_string() {
    let more = "[nodes.client.firewall.input]\npolicy = \"deny\"\nrules = [\"iifname \\\"sever\\\" drop\", '''\ntcp dport 21 22 drop''', 'tcp dport { 20, 21 } drop accept']\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- server\"]", more)));
}

#[test]
fn expectations_must_fit() {
    let more = "[nodes.client.firewall.input]\nrules = ['tcp dport 21 drop']\n[[expect]]\ncommand = \"ls\"\noutcome = \"ok\"\nsession = 2\nreply = 9\n[[expect]]\ncommand = \"ls\"\noutcome = \"dropped\"\nat = \"client\"\nrule = \"tcp dport 22 drop\"\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- server\"]", more)));
}

#[test]
fn warnings_do_not_fail() {
    let more = "[nodes.client]\naddress = \"10.1.1.10\"\n[nodes.server]\naddress = \"10.1.1.20\"\n[nodes.client.firewall.output]\nrules = ['tcp dport 21', 'iifname \"r\" drop']\n";
    let source = scenario("[\"client -- r -- r2 -- server\"]", more);
    insta::assert_snapshot!(render(&good(&source).warnings, &source, "test.toml", false));
}

/// 812 000 frames for one session were seen on a line that doubles every packet.
#[test]
fn a_link_that_multiplies_packets_is_warned_of() {
    let warned = |percent: &str| {
        let links = format!("[{{ path = \"client -- server\", duplicate = \"{percent}\" }}]");
        good(&scenario(&links, "")).warnings.iter().map(|warning| warning.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(warned("1 %"), [""; 0]);
    assert_eq!(warned("50 %"), ["this link multiplies packets: a copy is answered, and answers are copied too"]);
}

#[test]
fn limits_are_named() {
    let many = |n: usize, item: fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    let messages = |source: &str| {
        let found = parse(source, "test.toml").expect_err("over the limit");
        found.into_iter().map(|diagnostic| diagnostic.message.to_string()).collect::<Vec<_>>().join("; ")
    };
    let nodes = scenario(&format!("[\"client -- server\", {}]", many(5000, |n| format!("\"server -- n{n}\""))), "");
    assert!(messages(&nodes).contains("at most 4096 nodes"));
    let rules = format!("[nodes.server.firewall.input]\nrules = [{}]", many(10_001, |_| "'accept'".to_owned()));
    assert!(messages(&scenario("[\"client -- server\"]", &rules)).contains("at most 10000 rules"));
    let chains = format!(
        "[nodes.server.firewall.chains]\n{}",
        (0..10_001).map(|n| format!("c{n}={{}}\n")).collect::<Vec<_>>().concat()
    );
    assert!(messages(&scenario("[\"client -- server\"]", &chains)).contains("at most 10000 chains"));
    let files = "[nodes.server]\nftp-server = { files = { a = \"90 MB\", b = \"20 MB\" } }";
    assert!(messages(&scenario("[\"client -- server\"]", files)).contains("at most 100 MB"));
    assert!(messages(&"#".repeat(MAX_SOURCE + 1)).contains("larger than 1 MiB"));
    let found = parse_bytes(b"title = \"\xff\"", "test.toml").unwrap_err();
    assert!(found[0].message.contains("not UTF-8"), "{found:?}");
    let unknown: String = (0..2000).map(|n| format!("k{n} = 1\n")).collect::<Vec<_>>().concat();
    assert_eq!(parse(&unknown, "test.toml").unwrap_err().len(), 101);
}

#[test]
fn the_largest_networks_are_read_in_good_time() {
    let star: Vec<String> = (0..4000).map(|n| format!("\"server -- n{n}\"")).collect();
    let scenario = good(&scenario(&format!("[\"client -- server\", {}]", star.join(", ")), ""));
    assert_eq!(scenario.nodes[1].interfaces.len(), 4001);
}

#[test]
fn hostile_files_are_refused_in_good_time() {
    let chain = format!("[\"{}\"]", vec!["x"; 40_000].join("--"));
    let names =
        format!("[nodes.server.firewall.input]\nrules = ['iifname {{ {} }} drop']", vec!["nowhere"; 10_000].join(","));
    let words = format!("[nodes.server.firewall.input]\nrules = ['{}']", "aceept ".repeat(20_000));
    let nodes: String = (0..20_000).map(|n| format!("[nodes.x{n}]\n")).collect::<Vec<_>>().concat();
    let star = (0..4000).map(|n| format!("\"server -- n{n}\"")).collect::<Vec<_>>().join(", ");
    for (links, more) in [
        (chain.as_str(), ""),
        ("[\"client -- server\"]", names.as_str()),
        ("[\"client -- server\"]", words.as_str()),
        (&format!("[\"client -- server\", {star}]"), nodes.as_str()),
        ("[\"client -- server\"]", &format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000))),
    ] {
        report(&scenario(links, more));
    }
}

#[test]
fn nothing_from_the_file_reaches_the_terminal_raw() {
    let source = scenario("[\"client -- server\"]", "\"\\u001b[2Jx\" = 1\n");
    let found = parse(&source, "te\u{1b}st.toml").unwrap_err();
    assert!(!render(&found, &source, "te\u{1b}st.toml", false).contains('\u{1b}'));
    assert!(render(&found, &source, "test.toml", true).contains("\u{1b}["));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_mutation_of_an_example_panics(
        everything in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~中é\\n\"'\\[\\]{}=]{0,6}"), 1..6),
    ) {
        let mut source = if everything { include_str!("tests/everything.toml") } else { BLACKBOARD }.to_owned();
        for (at, len, text) in edits {
            let boundaries: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
            if boundaries.is_empty() { break; }
            let at = at.index(boundaries.len());
            let end = boundaries.get(at + len).copied().unwrap_or(source.len());
            source.replace_range(boundaries[at]..end, &text);
        }
        if let Err(found) = parse(&source, "test.toml") {
            prop_assert!(!found.is_empty());
            for diagnostic in &found {
                prop_assert!(source.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
            }
            render(&found, &source, "test.toml", true);
        }
    }
}

#[test]
fn what_a_program_cannot_do_is_said() {
    let more = "[[sessions]]\nclient = \"client\"\nserver = \"server\"\nmax-retries = 0\nreconnect-interval = \"0 s\"\n\
                second-server = \"server\"\nsoftware = \"tnftp\"\nactive-address = \"here\"\nrun = [\"fxp x\"]\n\
                [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"lftp\"\nactive-address = \"0.0.0.0\"\n\
                run = [\"fxp\", \"fxp x\"]\n[nodes.server.ftp-server]\nmax-clients = 0\ndata-connection-timeout = 3\n";
    insta::assert_snapshot!(report(&scenario("[\"client -- server\"]", more)));
}
