//! `ftpscope compare`: what the table says beside the outcome, and what it makes of bulk data.

use ftpscope::export::{Comparison, LadderOptions};
use ftpscope::ftp::Mode;
use ftpscope::insight::{Story, divergence, outcomes};
use ftpscope::ladder::{Glyphs, Ladder, Line, folded};
use ftpscope::narrate::{Language, Messages};
use ftpscope::scenario::{Scenario, parse};

fn scenario(source: &str) -> Scenario {
    parse(source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn compared(source: &str, modes: [Mode; 2], language: Language) -> String {
    let (scenario, messages) = (scenario(source), Messages::new(language));
    let options = LadderOptions { width: 100, glyphs: Glyphs::ASCII };
    let mut out = Vec::new();
    Comparison::new(&scenario, modes, &messages).unwrap().write(options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const PLAIN: [Mode; 2] = [Mode::Active, Mode::Passive];

fn network(link: &str, rest: &str) -> String {
    format!(
        "title = 'compared'\nlinks = [{link}]\nnodes.server = {{ ftp-server = {{ files = {{ small = 10, big = 1000000 }} }} }}\n\
         [[sessions]]\nclient = 'client'\nserver = 'server'\n{rest}\n"
    )
}

/// The lines of the table: from the head of the columns to the next blank line.
fn table(text: &str) -> Vec<&str> {
    text.lines().skip_while(|line| !line.contains("active mode")).skip(1).take_while(|line| !line.is_empty()).collect()
}

#[test]
fn commands_of_the_same_words_are_numbered() {
    let text = compared(&network("'client -- server'", "run = ['ls', 'get small', 'ls']"), PLAIN, Language::En);
    let firsts: Vec<_> = table(&text).iter().map(|line| line[2..].split("  ").next().unwrap()).collect();
    assert_eq!(firsts, ["ls #1", "get small", "ls #2", "quit"]);
}

#[test]
fn sessions_stand_in_their_order() {
    let second = "run = ['get big']\n[[sessions]]\nclient = 'client'\nserver = 'server'\nrun = ['ls']";
    let text = compared(&network("'client -- server'", second), PLAIN, Language::En);
    let firsts: Vec<_> = table(&text).iter().map(|line| line[2..].split("  ").next().unwrap()).collect();
    // The second one ends first.
    assert_eq!(firsts, ["1. client: get big", "1. client: quit", "2. client: ls", "2. client: quit"]);
    assert!(text.contains("o 2. "), "who knocks is told too: {text}");
}

#[test]
fn waiting_and_falling_back_are_told() {
    let source = "title = 'falls back'\nlinks = ['client -- cluster -- pod']\n\
        [nodes.client]\naddress = '10.0.2.7'\n\
        [nodes.cluster]\naddresses = { client = '10.0.2.1', pod = '10.9.1.1' }\nroutes = { '10.96.0.0/12' = 'blackhole' }\n\
        [nodes.cluster.firewall.prerouting]\nrules = ['ip daddr 10.96.0.50 tcp dport 21 dnat to 10.9.1.9:21']\n\
        [nodes.pod]\naddress = '10.9.1.9'\nftp-server = true\n\
        [[sessions]]\nclient = 'client'\nserver = '10.96.0.50'\nsoftware = 'tnftp'\nmode = 'passive-epsv'\nrun = ['ls']\n";
    let text = compared(source, [Mode::ActiveEprt, Mode::PassiveEpsv], Language::En);
    let ls = table(&text)[0];
    assert!(ls.contains("  ok  ") && ls.contains("ok (EPSV, then EPRT; 131."), "{ls}");
    let text = compared(source, [Mode::ActiveEprt, Mode::PassiveEpsv], Language::ZhCn);
    assert!(text.contains("先 EPSV，后 EPRT"), "{text}");
}

#[test]
fn calling_again_is_told() {
    // A firewall that lets no data connection through: lftp calls again, curl for the next command only.
    let source = |software: &str| {
        format!(
            "title = 'calls again'\nlinks = ['client -- fw -- server']\nnodes.server = {{ ftp-server = true }}\n\
             [nodes.fw.firewall.forward]\npolicy = 'drop'\n\
             rules = ['ct state established accept', 'tcp dport 21 accept']\n\
             [[sessions]]\nclient = 'client'\nserver = 'server'\nsoftware = '{software}'\nrun = ['ls', 'ls', 'pwd']\n"
        )
    };
    let calls = |software| {
        let outcomes = outcomes(&scenario(&source(software)).with_mode(Mode::Passive).run().unwrap());
        outcomes.iter().map(|outcome| outcome.reconnects).collect::<Vec<_>>()
    };
    assert_eq!(calls("curl"), [0, 1, 1, 0]);
    assert_eq!(calls("lftp"), [1, 2, 1, 0]);
    let text = compared(&source("lftp"), PLAIN, Language::En);
    assert!(table(&text)[0].contains("dropped at fw (connected anew: 1; 262."), "{text}");
    let text = compared(&source("tnftp"), PLAIN, Language::En);
    assert!(table(&text)[0].contains("(PASV, then PORT; 191."), "{text}");
}

#[test]
fn bulk_data_is_one_row() {
    let text = compared(&network("'client -- server'", "run = ['get big']"), PLAIN, Language::En);
    assert!(text.lines().count() < 120, "{} lines", text.lines().count());
    assert!(text.contains(" bytes in "), "{text}");
}

#[test]
fn folding_loses_no_row_and_shows_what_is_sent_again() {
    for (link, is_lossy) in [
        ("'client -- server'", false),
        ("{ path = 'client -- server', loss = '2 %' }", true),
        ("{ path = 'client -- server', duplicate = '100 %' }", true),
    ] {
        let trace = scenario(&network(link, "mode = 'passive'\nrun = ['get big']")).run().unwrap();
        let ladder = Ladder::new(&trace);
        let lines = folded(&trace, &ladder, &ladder.rows);
        let folds: Vec<_> =
            lines.iter().filter_map(|line| if let Line::Fold(fold) = line { Some(fold) } else { None }).collect();
        let rows: u32 = folds.iter().map(|fold| fold.rows).sum();
        assert_eq!(rows as usize + lines.len() - folds.len(), ladder.rows.len(), "{link}");
        assert!(lines.len() * 3 < ladder.rows.len(), "{link}: {} of {}", lines.len(), ladder.rows.len());
        let bytes: u64 = folds.iter().map(|fold| fold.bytes).sum();
        let hidden: u32 = folds.iter().map(|fold| fold.repeated + fold.lost).sum();
        // All but what stands in rows of its own: where nothing goes wrong the last segment, which has the FIN.
        assert!(if is_lossy { bytes > 500_000 } else { bytes > 998_000 && hidden == 0 }, "{link}: {bytes}, {hidden}");
        let visible = lines.len() - folds.len();
        assert!(!is_lossy || visible > 20, "{link}: {visible}");
    }
}

#[test]
fn a_story_parts_where_the_traces_do() {
    let source = network("'client -- server'", "run = ['ls']");
    let run = |mode| scenario(&source).with_mode(mode).run().unwrap();
    let (active, passive) = (run(Mode::Active), run(Mode::Passive));
    let parting = divergence(&active, &passive);
    assert!(parting.is_some());
    assert_eq!(Story::new(&active).parting(&Story::new(&passive)), parting);
    assert_eq!(divergence(&active, &active), None);
}
