//! nft is the referee of rules: what it takes is taken, what it refuses is refused. Recorded verdicts of nft 1.0.6 are held
//! always; rules drawn by chance are shown to nft where it is installed and a network namespace can be made.
//!
//! `NFT_SEED=7 NFT_RULES=8000 cargo test --test nft` draws others, and more. `NFT_RECORD=1 cargo test --test nft` asks nft
//! about every rule of `tests/truth/nft.txt` anew and writes the answers there; a rule is added as a line
//! `?<tab>filter<tab>RULE` (or `source`, `destination` for rules that translate).

#[path = "nft/generator.rs"]
mod generator;

use ftpscope::firewall::parse_rule;
use generator::Draw;
use std::io::Write;
use std::process::{Command, Stdio};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/truth/nft.txt");
/// Where the rules are tried: chains of each kind, two to jump to, and the helper.
const TABLE: &str = "table inet ftpscope {
    ct helper ftp { type \"ftp\" protocol tcp; }
    chain a { }
    chain b { }
    chain filter { type filter hook prerouting priority 0; }
    chain source { type nat hook postrouting priority 100; }
    chain destination { type nat hook prerouting priority -100; }
}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Takes,
    Refuses,
    /// nft 1.0.6 dies of some rules (an assertion in `netlink.c`).
    Crashes,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Takes => "takes",
            Self::Refuses => "refuses",
            Self::Crashes => "crashes",
        }
    }
}

/// Why ftpscope may take what nft refuses. The table is in docs/scenarios.md, "Beside nft".
fn taken_on_purpose(rule: &str) -> Option<&'static str> {
    let words: Vec<&str> = rule.split([' ', ',']).collect();
    let after = |found: &[&str]| {
        words
            .iter()
            .zip(words.iter().skip(1))
            .any(|(word, next)| found.contains(word) && *next != "lo" && *next != "\"lo\"")
    };
    if words.windows(2).any(|pair| ["snat", "dnat"].contains(&pair[0]) && pair[1] != "ip" && pair[1] != "ip6") {
        return Some("the family of a target is that of its address");
    }
    let leads = |pair: &[&str]| ["jump", "goto"].contains(&pair[0]) && !["a", "b"].contains(&pair[1]);
    if words.windows(2).any(leads) {
        return Some("whether a chain exists is known when the whole firewall is read");
    }
    if after(&["iif", "oif"]) {
        return Some("interfaces are those of the scenario");
    }
    None
}

/// What is wrong with ftpscope's answer, given nft's.
fn disagreement(rule: &str, nft: Verdict) -> Option<String> {
    match (parse_rule(rule), nft) {
        (Ok(_), Verdict::Refuses) if taken_on_purpose(rule).is_none() => {
            Some(format!("nft refuses, taken here: {rule}"))
        }
        // What it does not have it must say so.
        (Err(errors), Verdict::Takes)
            if !errors.iter().any(|error| error.message.contains("ftpscope does not know")) =>
        {
            Some(format!("nft takes, refused here: {rule}\n    {}", errors[0].message))
        }
        _ => None,
    }
}

/// Whether nft is here, and may look at rules in a namespace of its own.
fn nft_works() -> bool {
    let mut command = Command::new("unshare");
    let output = command.args(["-n", "nft", "list", "ruleset"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    output.is_ok_and(|status| status.success())
}

/// nft's verdicts on rules with their chains.
fn ask_nft(rules: &[(String, String)]) -> Vec<Verdict> {
    // One shell in one namespace, which ends with it; nft only checks (`-c`).
    const SCRIPT: &str = r#"
        printf '%s\n' "$1" | nft -f - || exit 3
        while IFS='	' read -r chain rule; do
            printf 'add rule inet ftpscope %s %s\n' "$chain" "$rule" | nft -c -f - >/dev/null 2>&1
            echo $?
        done"#;
    let mut child = Command::new("unshare")
        .args(["-n", "sh", "-c", SCRIPT, "sh", TABLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let text: String = rules.iter().map(|(chain, rule)| format!("{chain}\t{rule}\n")).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let verdicts: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|code| match code {
            "0" => Verdict::Takes,
            "1" => Verdict::Refuses,
            _ => Verdict::Crashes,
        })
        .collect();
    assert_eq!(verdicts.len(), rules.len(), "an answer for each rule");
    verdicts
}

/// The recorded rules: verdict, chain, rule.
fn recorded() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(RECORDED).unwrap();
    let row = |line: &str| {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?))
    };
    text.lines().filter(|line| !line.starts_with("//")).map(|line| row(line).expect(line)).collect()
}

#[test]
fn recorded_verdicts_of_nft_hold() {
    let mut rows = recorded();
    if std::env::var_os("NFT_RECORD").is_some() {
        let rules: Vec<_> = rows.iter().map(|(_, chain, rule)| (chain.clone(), rule.clone())).collect();
        let mut text = "// What nft 1.0.6 says of rules in a table inet: see tests/nft.rs.\n".to_owned();
        for (row, verdict) in rows.iter_mut().zip(ask_nft(&rules)) {
            verdict.name().clone_into(&mut row.0);
            text.push_str(&format!("{}\t{}\t{}\n", row.0, row.1, row.2));
        }
        std::fs::write(RECORDED, text).unwrap();
    }
    assert!(rows.len() >= 500, "only {} rules are recorded", rows.len());
    let both = |name: &str| rows.iter().filter(|(verdict, ..)| verdict == name).count();
    assert!(both("takes") >= 150 && both("refuses") >= 150, "too one-sided to hold anything");
    let verdict =
        |name: &str| [Verdict::Takes, Verdict::Refuses, Verdict::Crashes].into_iter().find(|it| it.name() == name);
    let wrong: Vec<_> =
        rows.iter().filter_map(|(name, _, rule)| disagreement(rule, verdict(name).expect(name))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn rules_drawn_by_chance_are_judged_as_nft_judges_them() {
    if !nft_works() {
        eprintln!("skipped: nft is not installed, or there may be no network namespaces (it takes root)");
        return;
    }
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect(name));
    let mut draw = Draw::new(number("NFT_SEED").unwrap_or(1));
    let rules: Vec<_> = (0..number("NFT_RULES").unwrap_or(600))
        .map(|_| draw.rule())
        .map(|(rule, chain)| (chain.name().to_owned(), rule))
        .collect();
    let verdicts = ask_nft(&rules);
    let taken = verdicts.iter().filter(|verdict| **verdict == Verdict::Takes).count();
    assert!(
        taken * 5 > rules.len() && taken * 5 < 4 * rules.len(),
        "{taken} of {} taken: nothing is held",
        rules.len()
    );
    let judged = rules.iter().zip(&verdicts);
    let wrong: Vec<_> = judged.filter_map(|((_, rule), verdict)| disagreement(rule, *verdict)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rules.len(), wrong.join("\n"));
}
