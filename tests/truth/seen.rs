//! What the simulator makes of a row, in the row's terms.

use super::common::run;
use super::row::{Attempt, Decision, Door, Endings, Row};
use ftpscope::firewall::{Hook, Verdict};
use ftpscope::ftp::{CommandResult, Reply};
use ftpscope::insight;
use ftpscope::packet::{Body, Channel, Endpoint, Flags, Icmp, Packet};
use ftpscope::scenario::Outcome;
use ftpscope::trace::{Event, Frame, Side, Trace};

/// What the simulator made of a row, in the row's terms.
pub(crate) struct Seen {
    pub list_ok: bool,
    pub retr_ok: Option<bool>,
    pub retr_bytes: Option<u64>,
    pub dialogue: Vec<(f64, String, String)>,
    pub at_server: Vec<(String, String)>,
    pub verdicts: Vec<(String, String, String, String)>,
    pub attempts: Vec<Attempt>,
    pub doors: Vec<Door>,
    pub endings: Endings,
    pub decisions: Vec<Decision>,
}

/// A run of a row, up to the second that ends it.
struct Run<'a> {
    row: &'a Row,
    trace: &'a Trace,
    until: f64,
}

pub(crate) fn play(row: &Row) -> Seen {
    let trace = run(&row.scenario());
    let outcomes = insight::outcomes(&trace);
    let ok = |index| outcomes.iter().find(|step| step.index == index).is_some_and(|step| step.outcome == Outcome::Ok);
    let retr_ok = (row.run.len() > 1).then(|| ok(1));
    let bytes = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Transfer { command, result: Some(CommandResult::Ok), bytes, .. } if command == "RETR" => Some(*bytes),
        _ => None,
    });
    let run = Run { row, trace: &trace, until: row.until.unwrap_or(f64::INFINITY) };
    let said = run.said();
    Seen {
        list_ok: ok(0),
        retr_ok,
        retr_bytes: bytes.filter(|_| retr_ok == Some(true)),
        dialogue: run.dialogue(Side::Sent),
        at_server: run.dialogue(Side::Seen).into_iter().map(|(_, who, line)| (who, line)).collect(),
        verdicts: run.verdicts(),
        attempts: run.attempts(&said),
        doors: run.doors(&said),
        endings: Endings { client: run.endings("client"), server: run.endings("server") },
        decisions: run.decisions(),
    }
}

/// Ports that are picked at random become `<P>`, as in the rows.
fn without_ports(line: &str) -> String {
    let cut = |prefix: &str, before: char, fields: usize, tail: &str| {
        let rest = line.strip_prefix(prefix)?.strip_suffix(tail)?;
        let mut parts: Vec<&str> = rest.split(before).collect();
        parts.truncate(parts.len().checked_sub(fields)?);
        parts.push("<P>");
        Some(format!("{prefix}{}{tail}", parts.join(&before.to_string())))
    };
    cut("PORT ", ',', 2, "")
        .or_else(|| cut("LPRT 4,4,", ',', 2, ""))
        .or_else(|| cut("LPRT 6,16,", ',', 2, ""))
        .or_else(|| cut("EPRT ", '|', 1, "|"))
        .or_else(|| cut("227 Entering Passive Mode (", ',', 2, ")."))
        .or_else(|| cut("227 Entering Passive Mode (", ',', 2, ")"))
        .or_else(|| cut("229 Entering Extended Passive Mode (", '|', 1, "|)"))
        .or_else(|| cut("229 Extended Passive mode OK (", '|', 1, "|)"))
        .or_else(|| cut("150 Connecting to port ", ' ', 1, "").map(|line| line.replace("  ", " ")))
        .or_else(|| {
            let (_, why) = line.strip_prefix("425 Could not open data connection to port ")?.split_once(':')?;
            Some(format!("425 Could not open data connection to port <P>:{why}"))
        })
        .or_else(|| line.contains("(measured here)").then(|| "226 <rate>".to_owned()))
        .unwrap_or_else(|| line.to_owned())
}

/// The number between bars, or the last two between commas.
fn port_in(line: &str) -> Option<u16> {
    let numbers: Vec<u16> =
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    match (&numbers[..], line.contains('|')) {
        ([.., port], true) => Some(*port),
        ([.., high, low], false) => Some(high * 256 + low),
        _ => None,
    }
}

/// What a command or reply named.
struct Said {
    at: f64,
    who: &'static str,
    address: Option<String>,
    port: u16,
}

/// The address in PORT, LPRT, EPRT or 227; `None` as well for 229, which names none.
fn address_in(line: &str) -> Option<String> {
    if line.starts_with("229 ") {
        return None;
    }
    if let Some(rest) = line.strip_prefix("EPRT ") {
        return rest.split('|').nth(2).map(str::to_owned);
    }
    let start = if line.starts_with("LPRT ") { "LPRT 4,4,".len() } else { line.find(['(', ' '])? };
    let list = line[start..].rsplit_once('(').map_or(line[start..].trim_start(), |(_, list)| list);
    Some(list.split(',').take(4).collect::<Vec<_>>().join("."))
}

impl Run<'_> {
    fn frames(&self) -> impl Iterator<Item = (f64, &Frame)> {
        let timed = self.trace.frames.iter().map(|frame| (frame.at.as_secs_f64(), frame));
        timed.take_while(|(at, _)| *at < self.until)
    }

    fn node_of(&self, address: std::net::IpAddr) -> Option<&str> {
        self.trace.nodes.iter().find(|node| node.addresses.contains(&address)).map(|node| &*node.name)
    }

    /// What was said, where commands are sent or where they are seen.
    fn dialogue(&self, commands: Side) -> Vec<(f64, String, String)> {
        let lines = |frame: &Frame| match &frame.event {
            Event::FtpCommand { side, verb, argument } if *side == commands => ("C", format!("{verb} {argument}")),
            Event::FtpReply { side, code, lines } if *side != commands => {
                ("S", Reply { code: *code, lines: lines.clone() }.to_string())
            }
            _ => ("", String::new()),
        };
        let mut dialogue = Vec::new();
        for (at, frame) in self.frames() {
            let (who, text) = lines(frame);
            for line in text.lines() {
                dialogue.push((at, who.to_owned(), without_ports(line.trim_end())));
            }
        }
        dialogue
    }

    /// What commands and replies named, where they were said.
    fn said(&self) -> Vec<Said> {
        let said = |(at, frame): (f64, &Frame)| {
            let (who, line) = match &frame.event {
                Event::FtpCommand { side: Side::Sent, verb, argument }
                    if matches!(verb.as_str(), "PORT" | "EPRT" | "LPRT") =>
                {
                    ("C", format!("{verb} {argument}"))
                }
                Event::FtpReply { side: Side::Sent, code, lines } if matches!(code, 227 | 229) => {
                    ("S", Reply { code: *code, lines: lines.clone() }.to_string())
                }
                _ => return None,
            };
            let line = line.trim_end().trim_end_matches(['.', ')', '|']);
            let line = if line.starts_with("229 ") { format!("{line}|") } else { line.to_owned() };
            Some(Said {
                at,
                who,
                address: address_in(&line),
                port: port_in(&if line.starts_with("EPRT") { format!("{line}|") } else { line })?,
            })
        };
        self.frames().filter_map(said).collect()
    }

    /// In the row's terms: `as N` if the client's door N had the same port.
    fn doors(&self, said: &[Said]) -> Vec<Door> {
        let door = |(index, door): (usize, &Said)| {
            let same = said[..index].iter().position(|old| (old.who, old.port) == (door.who, door.port));
            let kind = match same {
                Some(number) if door.who == "C" => format!("as {number}"),
                _ => self.kind(door.port, door.who == "C"),
            };
            Door(door.who.to_owned(), door.address.clone(), kind)
        };
        said.iter().enumerate().map(door).collect()
    }

    /// What kind of port, see `extract.py`.
    fn kind(&self, port: u16, of_client: bool) -> String {
        let range = |text: &Option<String>| {
            let (low, high) = text.as_ref()?.split_once('-')?;
            let (low, high): (u16, u16) = (low.parse().ok()?, high.parse().ok()?);
            (low..=high).contains(&port).then(|| port - low)
        };
        let server_range = self.row.server.as_ref().and_then(|server| range(&server.passive_ports));
        match (port, of_client) {
            (..1024, _) => port.to_string(),
            (_, true) => range(&self.row.active_ports).map_or_else(|| parity(port), |n| format!("range+{n}")),
            (_, false) => if server_range.is_some() { "range" } else { "any" }.to_owned(),
        }
    }

    fn verdicts(&self) -> Vec<(String, String, String, String)> {
        let trace = self.trace;
        let stopped = |(_, frame): (f64, &Frame)| match &frame.event {
            Event::Verdict { packet, ct_state, verdict, .. } if *verdict != Verdict::Accept => {
                let state = ct_state.map_or_else(String::new, |state| state.name().to_owned());
                let flags = trace.packet(*packet).tcp().map_or_else(String::new, |segment| segment.flags.to_string());
                Some((trace.node_name(frame.node).to_owned(), verdict.name().to_owned(), state, flags))
            }
            _ => None,
        };
        self.frames().filter_map(stopped).collect()
    }

    fn attempts(&self, said: &[Said]) -> Vec<Attempt> {
        let trace = self.trace;
        let mut found: Vec<(Packet, Attempt)> = Vec::new();
        for (at, frame) in self.frames() {
            match &frame.event {
                Event::Sent { packet, .. } => {
                    let packet = trace.packet(*packet);
                    let Some(segment) = packet.tcp().filter(|segment| segment.is_syn()) else { continue };
                    let name = trace.node_name(frame.node);
                    if self.node_of(packet.src) != Some(name) || !matches!(name, "client" | "server") {
                        continue;
                    }
                    if let Some((_, attempt)) = found.iter_mut().find(|(syn, _)| syn.tag == packet.tag) {
                        attempt.syns.push(at);
                        continue;
                    }
                    let attempt =
                        Self::attempt(at, name == "client", packet, (segment.src_port, segment.dst_port), said);
                    found.push((packet.clone(), attempt));
                }
                Event::Received { packet, .. } => {
                    let packet = trace.packet(*packet);
                    let here = trace.node_name(frame.node);
                    for (syn, attempt) in &mut found {
                        if self.node_of(syn.src) == Some(here) {
                            if attempt.answer == "nothing"
                                && let Some(answer) = answer(syn, packet)
                            {
                                attempt.answer = answer;
                            }
                        } else if attempt.arrives.is_none()
                            && matches!(here, "client" | "server")
                            && packet.tag == syn.tag
                            && packet.tcp().is_some_and(|segment| segment.is_syn())
                        {
                            attempt.arrives = Some(arrival(syn, packet));
                        }
                    }
                }
                _ => {}
            }
        }
        found.into_iter().map(|(_, attempt)| attempt).collect()
    }

    fn attempt(at: f64, from_client: bool, syn: &Packet, (from, to): (u16, u16), said: &[Said]) -> Attempt {
        let port = |port: u16, on_client| match (port, on_client) {
            (20 | 21, _) => port.to_string(),
            (_, true) => "C".to_owned(),
            (_, false) => "S".to_owned(),
        };
        let control = syn.tag.is_some_and(|tag| tag.channel == Channel::Control);
        let speaker = if from_client { "S" } else { "C" };
        let door = said.iter().rposition(|door| door.at <= at && (door.who, door.port) == (speaker, to));
        Attempt {
            channel: if control { "control" } else { "data" }.to_owned(),
            ports: format!("{} > {}", port(from, from_client), port(to, !from_client)),
            syns: vec![at],
            answer: "nothing".to_owned(),
            arrives: None,
            from: Some(if from < 1024 { from.to_string() } else { parity(from) }),
            door: door.filter(|_| !control),
        }
    }

    /// Of each connection, as it passed an end's interface: who sent FIN and RST, each for the first time, in order.
    /// Ours may be a little later than the second that ends the row; the referee cuts off what is too much.
    fn endings(&self, end: &str) -> Vec<Vec<String>> {
        let mut found: Vec<([Endpoint; 2], Vec<String>)> = Vec::new();
        let at_end = self.trace.frames.iter().filter(|frame| self.trace.node_name(frame.node) == end);
        for frame in at_end.take_while(|frame| frame.at.as_secs_f64() < self.until + 0.5) {
            let (packet, sent) = match &frame.event {
                Event::Sent { packet, .. } => (self.trace.packet(*packet), true),
                Event::Received { packet, .. } => (self.trace.packet(*packet), false),
                _ => continue,
            };
            let Some((segment, tag)) = packet.tcp().zip(packet.tag) else { continue };
            let mut ends = [packet.source(), packet.destination()];
            ends.sort();
            // As in the record: the same four numbers are another connection when the last one has ended.
            let known =
                found.iter().rposition(|(known, words)| *known == ends && !(segment.is_syn() && words.len() > 1));
            let index = known.unwrap_or_else(|| {
                let channel = if tag.channel == Channel::Control { "control" } else { "data" };
                found.push((ends, vec![channel.to_owned()]));
                found.len() - 1
            });
            let who = if (end == "client") == sent { "C" } else { "S" };
            for (flag, name) in [(Flags::FIN, "FIN"), (Flags::RST, "RST")] {
                let word = format!("{who} {name}");
                if segment.flags.contains(flag) && !found[index].1.contains(&word) {
                    found[index].1.push(word);
                }
            }
        }
        found.into_iter().map(|(_, words)| words).collect()
    }

    /// Which rule decided on packets that open and reset connections and on ICMP errors.
    fn decisions(&self) -> Vec<Decision> {
        let trace = self.trace;
        let text = |rule: ftpscope::ids::RuleId| {
            let rule = &trace.rules[rule.index()];
            if rule.is_policy { "policy".to_owned() } else { rule.text.clone() }
        };
        let mut found: Vec<Decision> = Vec::new();
        // What matched before the chain that decides, of the packet that is just being looked at.
        let mut before: Vec<String> = Vec::new();
        for (_, frame) in self.frames() {
            let device = trace.node_name(frame.node);
            match &frame.event {
                Event::Received { .. } => before.clear(),
                Event::Translated { packet, hook, rule: Some(rule), .. } => {
                    let opens = trace.packet(*packet).tcp().is_some_and(|segment| segment.is_syn());
                    match found.last_mut() {
                        Some(last) if *hook == Hook::Postrouting && opens && last.device == device => {
                            last.rules.push(text(*rule));
                        }
                        _ => before.push(text(*rule)),
                    }
                }
                Event::Verdict {
                    packet,
                    hook: hook @ (Hook::Forward | Hook::Input),
                    ct_state,
                    verdict,
                    rule,
                    passed,
                } => {
                    let kind = match &trace.packet(*packet).body {
                        Body::Icmp(_) => "ICMP".to_owned(),
                        Body::Tcp(segment)
                            if [Flags::SYN, Flags::RST].iter().any(|flag| segment.flags.contains(*flag)) =>
                        {
                            segment.flags.to_string()
                        }
                        Body::Tcp(_) => continue,
                    };
                    let mut rules = std::mem::take(&mut before);
                    if trace.rules[rule.index()].is_policy && *verdict == Verdict::Accept {
                        // The kernel's trace names no chain then.
                        continue;
                    }
                    rules.extend(passed.iter().map(|rule| text(*rule)));
                    rules.push(text(*rule));
                    found.push(Decision {
                        device: device.to_owned(),
                        packet: kind,
                        state: ct_state.map_or_else(String::new, |state| state.name().to_owned()),
                        verdict: verdict.name().to_owned(),
                        hook: hook.name().to_owned(),
                        rule: text(*rule),
                        rules,
                    });
                }
                _ => {}
            }
        }
        // As in the record: device by device.
        found.sort_by_key(|decision| self.row.decided_at().position(|device| device == decision.device));
        found.retain(|decision| self.row.decided_at().any(|device| device == decision.device));
        found
    }
}

/// `connect()` takes even ports, `bind()` odd ones, as long as there are any.
fn parity(port: u16) -> String {
    ["even", "odd"][usize::from(port % 2)].to_owned()
}

/// How a SYN looks at the other end: each end's address, and whether its port was kept.
fn arrival(syn: &Packet, there: &Packet) -> String {
    let end = |ours: Endpoint, theirs: Endpoint| {
        format!("{}:{}", theirs.ip, if ours.port == theirs.port { "kept" } else { "new" })
    };
    format!("{} > {}", end(syn.source(), there.source()), end(syn.destination(), there.destination()))
}

fn answer(syn: &Packet, packet: &Packet) -> Option<String> {
    match &packet.body {
        Body::Tcp(segment) if (packet.source(), packet.destination()) == (syn.destination(), syn.source()) => {
            let kind = if segment.flags.contains(Flags::RST) { "RST" } else { "SYN-ACK" };
            Some(format!("{kind} ttl={}", packet.ttl))
        }
        Body::Icmp(icmp) if icmp.about() == (syn.source(), syn.destination()) => match &**icmp {
            Icmp::Unreachable { reason, .. } => Some(format!("ICMP {} from {}", reason.name(), packet.src)),
            Icmp::TooBig { .. } | Icmp::TimeExceeded { .. } => Some(format!("ICMP time-exceeded from {}", packet.src)),
        },
        _ => None,
    }
}
