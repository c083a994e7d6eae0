//! Whole runs, told in both languages.

use super::*;
use crate::engine::{Limits, Simulation};
use crate::firewall::{
    Action, Chain, CtState, Firewall, Hook, Match, Policy, RejectWith, Resolver, Rule, Test, TrackState, Verdict,
};
use crate::ftp::{
    ClientConfig, ClientSession, CommandResult, DataError, FileSystem, FtpTimer, Mode, Server, ServerConfig,
};
use crate::ids::{EntryId, RuleId, SessionId, SocketId};
use crate::network::{LinkSettings, Topology};
use crate::packet::{Endpoint, Unreachable};
use crate::tcp::{self, State, TimerKind};
use crate::time::{Duration, Instant};
use crate::trace::{
    Event, ExpectationAction, Frame, LinkInfo, Loss, NodeInfo, Recorder, RuleInfo, Scene, SessionInfo, Side,
    SocketAction, Timer, Trace,
};
use std::net::IpAddr;
use std::sync::Arc;

const SERVER: &str = "203.0.113.5";

/// What is different from one run to another.
#[derive(Clone, Copy)]
struct Setup<'a> {
    mode: Mode,
    /// What the last rule of the office's forward chain does; its policy is drop.
    last: Option<RejectWith>,
    filtered: bool,
    to: &'a str,
    port: u16,
    run: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { mode: Mode::Active, last: None, filtered: true, to: SERVER, port: 21, run: "ls" }
    }
}

/// client -- office -- server
fn play(setup: Setup<'_>) -> Trace {
    let mut topology = Topology::default();
    let [client, office, server] = [("client", false), ("office", true), ("server", false)]
        .map(|(name, forwards)| topology.add_node(name, forwards));
    let nets = |a: &str, b: &str| [vec![a.parse().unwrap()], vec![b.parse().unwrap()]];
    let link = LinkSettings::default();
    topology.add_link(client, office, nets("192.168.1.10/24", "192.168.1.1/24"), link);
    topology.add_link(office, server, nets("203.0.113.1/24", "203.0.113.5/24"), link);

    let mut trace = Trace { title: "test".into(), seed: 20, ..Trace::default() };
    for (name, addresses, has_firewall) in [
        ("client", vec!["192.168.1.10"], false),
        ("office", vec!["192.168.1.1", "203.0.113.1"], setup.filtered),
        ("server", vec!["203.0.113.5"], false),
    ] {
        let addresses = addresses.into_iter().map(|a| a.parse().unwrap()).collect();
        trace.nodes.push(NodeInfo {
            name: name.into(),
            addresses,
            has_firewall,
            forwards: name == "office",
            redirects: false,
            down: false,
        });
    }
    trace.links = vec![LinkInfo { ends: [client, office] }, LinkInfo { ends: [office, server] }];
    let to: IpAddr = setup.to.parse().unwrap();
    let session = SessionInfo { client, called: Some(Endpoint::new(to, 21)), mode: setup.mode, controls: Vec::new() };
    trace.sessions.push(session);

    let rule = |test, action| Rule {
        sets_helper: false,
        notrack: false,
        log: false,
        unreached: false,
        matches: vec![Match { test, negated: false }],
        counter: false,
        action: Some(action),
        comment: None,
    };
    let mut rules = vec![
        (
            rule(Test::CtState(vec![CtState::Established, CtState::Related]), Action::Accept),
            "ct state established,related accept",
        ),
        (rule(Test::InInterface(vec!["client".into()]), Action::Accept), "iifname \"client\" accept"),
    ];
    if let Some(with) = setup.last {
        let text =
            if with == RejectWith::TcpReset { "ct state new reject with tcp reset" } else { "ct state new reject" };
        rules.push((rule(Test::CtState(vec![CtState::New]), Action::Reject(with)), text));
    }
    let info = |is_policy, text: &str, line| RuleInfo {
        node: office,
        hook: Hook::Forward,
        sets_helper: false,
        lets_related: text.contains("related"),
        is_policy,
        text: text.into(),
        line,
    };
    trace.rules.push(info(true, "policy drop", 9));
    let mut chain = Chain::new(Policy::Drop, RuleId(0));
    for (number, (rule, text)) in rules.iter().enumerate() {
        trace.rules.push(info(false, text, 10 + number as u32));
        let interface = |name: &str| ["client", "server"].iter().position(|known| *known == name).map(|i| i as u16);
        chain.push(RuleId(number as u32 + 1), rule, Resolver { interface: &interface, chain: &|_| None });
    }

    let mut simulation = Simulation::new(topology, 20, tcp::Config::default(), Recorder { trace });
    if setup.filtered {
        let mut firewall = Firewall::default();
        firewall.set_chain(Hook::Forward, chain);
        simulation.set_firewall(office, firewall);
    }
    let mut files = FileSystem::new();
    files.add("/readme.txt", FileSystem::generated(2000));
    simulation.add_server(server, 21, Server::new(ServerConfig { files, ..ServerConfig::default() }));
    let config = ClientConfig { mode: setup.mode, run: vec![setup.run.into()], ..ClientConfig::default() };
    let session = ClientSession::new(Arc::new(config));
    let start = Instant::START + Duration::from_millis(1);
    simulation.add_client(client, SessionId(0), Endpoint::new(to, setup.port), start, session);
    simulation.run(Limits::default()).unwrap();
    simulation.into_observer().trace
}

/// Every frame with its sentence, and below it the reasons.
fn tell(trace: &Trace, language: Language) -> String {
    let messages = Messages::new(language);
    let mut scene = Scene::empty(trace);
    let mut told = String::new();
    for id in trace.ids() {
        let frame = trace.frame(id);
        scene.apply(trace, frame);
        let text = sentence(&messages, trace, id);
        told.push_str(&format!("{id:>3} {} {text}\n", frame.at));
        if let Some(why) = why(&messages, trace, &scene, id) {
            told.push_str(&format!("            {why}\n"));
        }
    }
    told
}

/// The frames whose explanation or sentence says one of these.
fn lines_with(told: &str, words: &[&str]) -> String {
    told.lines()
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn an_active_transfer_is_dropped_at_the_router() {
    let trace = play(Setup::default());
    insta::assert_snapshot!("active_dropped_en", tell(&trace, Language::En));
    insta::assert_snapshot!("active_dropped_zh", tell(&trace, Language::ZhCn));
}

#[test]
fn a_passive_transfer_works() {
    let trace = play(Setup { mode: Mode::Passive, run: "get readme.txt", ..Setup::default() });
    insta::assert_snapshot!("passive_en", tell(&trace, Language::En));
    insta::assert_snapshot!("passive_zh", tell(&trace, Language::ZhCn));
}

#[test]
fn the_extended_commands_are_explained() {
    let active = play(Setup { mode: Mode::ActiveEprt, filtered: false, ..Setup::default() });
    let passive = play(Setup { mode: Mode::PassiveEpsv, filtered: false, ..Setup::default() });
    let words = ["EPRT", "Active mode:", "EPSV", "229", "Passive mode:", "control connection."];
    let told = lines_with(&tell(&active, Language::En), &words) + &lines_with(&tell(&passive, Language::En), &words);
    insta::assert_snapshot!("extended", told);
}

#[test]
fn rejection_a_closed_port_and_silence_are_told_apart() {
    let reset = play(Setup { last: Some(RejectWith::TcpReset), ..Setup::default() });
    let icmp = play(Setup { last: Some(RejectWith::Icmp(Unreachable::AdminProhibited)), ..Setup::default() });
    let closed = play(Setup { port: 2121, ..Setup::default() });
    let nobody = play(Setup { to: "203.0.113.77", ..Setup::default() });
    let no_route = play(Setup { to: "10.9.9.9", ..Setup::default() });
    let words = ["RST", "ICMP", "reject", "refuse", "fails", "failed", "answer", "address", "route", "425"];
    let told: String =
        [("reset", reset), ("icmp", icmp), ("closed", closed), ("nobody", nobody), ("no route", no_route)]
            .iter()
            .map(|(name, trace)| format!("-- {name}\n{}", lines_with(&tell(trace, Language::En), &words)))
            .collect();
    insta::assert_snapshot!("refusals", told);
}

#[test]
fn every_kind_of_event_has_its_sentence() {
    let mut trace = play(Setup { mode: Mode::Passive, ..Setup::default() });
    let syn = trace.ids().find(|id| trace.packet_of(trace.frame(*id)).is_some()).unwrap();
    let Event::Sent { packet, .. } = trace.frame(syn).event else { panic!("the first is sent") };
    let template = trace.frame(syn).clone();
    let (local, remote) = (trace.packet(packet).source(), trace.packet(packet).destination());
    let socket = SocketId(0);
    let first = trace.frames.len();
    let mut add = |event| trace.frames.push(Frame { cause: Some(syn), event, ..template.clone() });
    for reason in [
        Loss::QueueFull,
        Loss::NoRoute,
        Loss::NoNeighbour,
        Loss::TtlExpired,
        Loss::NotForwarding,
        Loss::LineLoss,
        Loss::LinkDown,
        Loss::TooLarge,
        Loss::Clash,
        Loss::Blackhole,
        Loss::Martian,
        Loss::UnreachableRoute,
        Loss::ProhibitedRoute,
    ] {
        add(Event::Lost { packet, reason });
    }
    for ct_state in CtState::ALL.map(Some).into_iter().chain([None]) {
        for verdict in [Verdict::Accept, Verdict::Drop, Verdict::Reject(RejectWith::TcpReset)] {
            let rule = RuleId(u32::from(verdict == Verdict::Accept));
            add(Event::Verdict { packet, hook: Hook::Input, ct_state, verdict, rule, passed: Vec::new() });
        }
    }
    for (state, replied) in [(Some(TrackState::Established), false), (Some(TrackState::Close), false), (None, true)] {
        add(Event::Conntrack {
            entry: EntryId(0),
            from: local,
            to: remote,
            reply: (remote, local),
            state,
            replied,
            assured: false,
        });
    }
    for action in
        [ExpectationAction::Made, ExpectationAction::Used, ExpectationAction::Replaced, ExpectationAction::Expired]
    {
        add(Event::Expectation { action, from: remote.ip, to: local, door: local });
    }
    for error in [
        DataError::Refused,
        DataError::HostUnreachable,
        DataError::NetUnreachable,
        DataError::Prohibited,
        DataError::NoProtocol,
        DataError::TimedOut,
        DataError::Reset,
        DataError::NoPort,
        DataError::Invalid,
    ] {
        let action = SocketAction::Failed(error);
        add(Event::Socket { socket, action, local, remote: Some(remote), name: None });
        add(Event::Command { index: 0, run: "pwd".into(), result: Some(CommandResult::Connect(error)) });
    }
    for timer in TimerKind::ALL.map(Timer::Tcp).into_iter().chain(
        [
            FtpTimer::Idle,
            FtpTimer::DataConnect,
            FtpTimer::DataProgress,
            FtpTimer::ControlConnect,
            FtpTimer::Reply,
            FtpTimer::Retry,
            FtpTimer::Wait,
            FtpTimer::Pace,
        ]
        .map(Timer::Ftp),
    ) {
        add(Event::Timer { timer, socket: None, attempt: 2, after: Duration::from_millis(1500) });
    }
    for result in [
        CommandResult::Ok,
        CommandResult::Reply(550),
        CommandResult::Lost(DataError::Reset),
        CommandResult::Closed,
        CommandResult::NoAnswer,
        CommandResult::BadReply,
        CommandResult::AddressMismatch,
        CommandResult::Incomplete,
        CommandResult::NotRun,
    ] {
        add(Event::Transfer { command: "LIST".into(), mode: Mode::Passive, result: Some(result), bytes: 10 });
    }
    for (from, to) in [
        (State::FinWait1, State::Closing),
        (State::Established, State::Closed),
        (State::LastAck, State::Closed),
        (State::Closed, State::Listen),
    ] {
        add(Event::TcpState { socket, local, remote, from, to });
    }
    let lines = vec!["Features:".into(), " EPRT".into(), "End".into()];
    add(Event::FtpReply { side: Side::Seen, code: 211, lines });
    let [english, chinese] = Language::ALL.map(|language| {
        let told = tell(&trace, language);
        let start = told.find(&format!("\n{} ", first + 1)).unwrap();
        told[start..].to_owned()
    });
    insta::assert_snapshot!("every_kind", format!("{english}{chinese}"));
}

#[test]
fn labels_are_those_of_the_ladder() {
    let trace = play(Setup::default());
    let mut labels: Vec<String> = Vec::new();
    for id in trace.ids() {
        if let Some(packet) = trace.packet_of(trace.frame(id)) {
            let label = packet_label(&trace, packet, id);
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    insta::assert_snapshot!("labels", labels.join("\n"));
}

#[test]
fn every_sentence_is_one_line_and_filled() {
    for setup in [Setup::default(), Setup { mode: Mode::Passive, ..Setup::default() }] {
        let mut trace = play(setup);
        trace.nodes[1].name = "off\x1bice".into();
        for language in Language::ALL {
            let told = tell(&trace, language);
            assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told}");
            assert!(!told.contains("{ ") && !told.contains("{$"), "{told}");
            let messages = Messages::new(language);
            let last = trace.last().unwrap();
            assert!(trace.ids().all(|id| !sentence(&messages, &trace, id).contains('\n')), "{last}");
        }
    }
}
