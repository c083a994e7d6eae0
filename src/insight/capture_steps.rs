//! Packets as meaningful steps: who knocked and what became of it, FTP lines by command and reply code.
//!
//! Modelled: TCP streams put in order again (RFC 9293, section 3.4), replies of one and of several lines (RFC 959,
//! section 4.2), data connections held against the port that PORT, EPRT, PASV or EPSV announced (RFC 959, section
//! 4.1.2; RFC 2428). Left out, because it differs between any two runs: pure acknowledgements, repetitions, how bytes
//! are cut into segments, times, who of two closes a control connection first. A data connection is one step, at the
//! place where it began among the FTP lines: its segments race with those of the control connection. A control
//! connection is two: its beginning, and after all else how it ended. What belongs to one control connection stands
//! together, and the control connections stand in order of their addresses: sessions side by side race as well. From
//! the 234 of AUTH on a control connection cannot be read (RFC 4217): its lines end there, and what its data
//! connections carry is sealed. Of segments that a capture holds in part (a small snapshot length) the rest is unknown: it
//! is taken to end a line, and what it may have said is held against nothing. Not modelled: a control connection
//! captured without its beginning.

use super::reassembly::{Line, LineStream};
use crate::endpoint_text::{parse_epsv_reply, parse_pasv_reply_loosely};
use crate::message::{Message, Phrase, say};
use crate::packet::wire::Decoded;
use crate::packet::{Body, Endpoint, Flags, Icmp, Packet, Segment};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Stands in a meaning for words that the capture does not hold. (Never in a line: those end at it.)
const UNKNOWN: char = '\n';

/// Stands behind what is shown of a line that was cut.
const CUT: &str = " ...";

/// A packet as it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What there is of it.
    pub packet: &'a Packet,
    /// Bytes of its payload that were not captured.
    pub missing: u32,
}

impl<'a> From<&'a Packet> for Seen<'a> {
    fn from(packet: &'a Packet) -> Self {
        Self { packet, missing: 0 }
    }
}

impl<'a> From<&'a Decoded> for Seen<'a> {
    fn from(Decoded { packet, missing }: &'a Decoded) -> Self {
        Self { packet, missing: *missing }
    }
}

/// A meaningful step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Without what is random: compared. A line feed stands for what is not known.
    pub meaning: String,
    /// As it was: shown.
    pub shown: Message,
}

impl Step {
    /// Whether two steps are the same up to random ports, numbers and times.
    pub fn means(&self, other: &Self) -> bool {
        match (self.meaning.split_once(UNKNOWN), other.meaning.split_once(UNKNOWN)) {
            (None, None) => self.meaning == other.meaning,
            (Some(known), None) => agrees(known, &other.meaning),
            (None, Some(known)) => agrees(known, &self.meaning),
            (Some((a, x)), Some((b, y))) => {
                (a.starts_with(b) || b.starts_with(a)) && (x.ends_with(y) || y.ends_with(x))
            }
        }
    }
}

/// Whether a meaning of which only the beginning and the end are known can be another one.
fn agrees((head, tail): (&str, &str), whole: &str) -> bool {
    whole.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail))
}

type Pair = (Endpoint, Endpoint);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    None,
    SynAck,
    Rst,
    Error(&'static str),
}

/// A TCP connection.
#[derive(Clone, Debug, Default)]
struct Connection {
    syns: usize,
    answer: Answer,
    data: [bool; 2],
    fins: [bool; 2],
    /// Which side sent its FIN first.
    closed_by: Option<usize>,
    reset: bool,
    control: bool,
    /// Data: the port is the one that the control connection announced last.
    announced: bool,
    /// Control: what it announced last.
    announces: Option<u16>,
    /// Control: cannot be read any more. Data: belongs to a control connection that cannot be read.
    sealed: bool,
    /// Control: a line that may announce a port was cut. Data: belongs to such a control connection.
    unsure: bool,
    /// Control: the code of a reply that has more lines.
    open_reply: Option<String>,
}

/// A place in the list of steps: a line, or a connection whose words are known at the end only.
enum Item {
    Line(Step),
    Connection(Pair),
}

#[derive(Default)]
struct Reader {
    /// By the control connection that they belong to.
    items: BTreeMap<Option<Pair>, Vec<Item>>,
    connections: BTreeMap<Pair, Connection>,
    /// Control connections in the order they began; then the latest that announced a port, and the latest between two
    /// hosts.
    controls: Vec<Pair>,
    announcers: BTreeMap<u16, Pair>,
    between: BTreeMap<(IpAddr, IpAddr), Pair>,
    streams: BTreeMap<Pair, LineStream>,
}

/// The steps of packets in the order they were seen at one interface.
pub fn steps<'a>(packets: impl IntoIterator<Item = Seen<'a>>, control_ports: &[u16]) -> Vec<Step> {
    let mut reader = Reader::default();
    for Seen { packet, missing } in packets {
        match &packet.body {
            Body::Tcp(segment) => {
                reader.segment((packet.source(), packet.destination()), segment, missing, control_ports);
            }
            Body::Icmp(icmp) => reader.error(icmp),
        }
    }
    let Reader { mut items, connections, mut controls, .. } = reader;
    let connection = |pair: &Pair| connections.get(pair).cloned().unwrap_or_default();
    // A stable sort: one after the other between the same hosts stay in order.
    controls.sort_by_key(|(from, to)| (from.ip, *to));
    let mut steps = Vec::new();
    for owner in controls.into_iter().map(Some).chain([None]) {
        for item in items.remove(&owner).unwrap_or_default() {
            steps.push(match item {
                Item::Line(step) => step,
                Item::Connection(pair) => connection_step(pair, &connection(&pair)),
            });
        }
        if let Some(pair) = owner.filter(|pair| connection(pair).is_up_control()) {
            steps.push(end_step(pair, &connection(&pair)));
        }
    }
    steps
}

impl Reader {
    fn segment(&mut self, (from, to): Pair, segment: &Segment, missing: u32, control_ports: &[u16]) {
        let [syn, ack, rst, fin] =
            [Flags::SYN, Flags::ACK, Flags::RST, Flags::FIN].map(|flag| segment.flags.contains(flag));
        if syn && !ack {
            let control = control_ports.contains(&to.port);
            let owner = if control { Some((from, to)) } else { self.owner(from, to) };
            let known = owner.and_then(|owner| self.connections.get(&owner));
            let announced = known.is_some_and(|control| control.announces == Some(to.port));
            let sealed = known.is_some_and(|control| control.sealed);
            let unsure = known.is_some_and(|control| control.unsure) && !announced;
            let mut first = false;
            let connection = self.connections.entry((from, to)).or_insert_with(|| {
                first = true;
                Connection { control, announced, sealed, unsure, ..Connection::default() }
            });
            connection.syns += 1;
            if first {
                self.items.entry(owner).or_default().push(Item::Connection((from, to)));
                if control {
                    self.between.insert((from.ip, to.ip), (from, to));
                    self.controls.push((from, to));
                    self.streams.insert((from, to), LineStream::from(segment.seq + 1));
                }
            }
            return;
        }
        // Which of the two began it.
        let (pair, side) = if self.connections.contains_key(&(from, to)) { ((from, to), 0) } else { ((to, from), 1) };
        let Some(connection) = self.connections.get_mut(&pair) else { return };
        if side == 1 && connection.answer == Answer::None {
            connection.answer = if rst { Answer::Rst } else { Answer::SynAck };
        } else {
            // A RST to what comes after the end says nothing new.
            connection.reset |= rst && connection.fins == [false; 2];
        }
        connection.fins[side] |= fin;
        if fin {
            connection.closed_by.get_or_insert(side);
        }
        let carries = !segment.payload.is_empty() || missing > 0;
        connection.data[side] |= carries;
        let control = connection.control && !connection.sealed;
        if control && syn {
            self.streams.insert((from, to), LineStream::from(segment.seq + 1));
        } else if control && carries {
            self.stream((from, to), segment, missing, side == 0);
        }
    }

    /// The control connection that a data connection belongs to: the latest that announced its port, else the latest
    /// between these hosts.
    fn owner(&self, from: Endpoint, to: Endpoint) -> Option<Pair> {
        let hosts = |pair| self.between.get(&pair);
        self.announcers.get(&to.port).or_else(|| hosts((from.ip, to.ip))).or_else(|| hosts((to.ip, from.ip))).copied()
    }

    fn error(&mut self, icmp: &Icmp) {
        let (from, to) = icmp.about();
        let name = icmp.name();
        if let Some(connection) = self.connections.get_mut(&(from, to))
            && connection.answer == Answer::None
        {
            connection.answer = Answer::Error(name);
        }
    }

    fn stream(&mut self, pair: Pair, segment: &Segment, missing: u32, from_client: bool) {
        let lines = self.streams.entry(pair).or_default().take(segment, missing);
        let control = if from_client { pair } else { (pair.1, pair.0) };
        for Line { text, whole } in lines {
            if from_client {
                self.command(control, &text, whole);
            } else {
                self.reply(control, &text, whole);
            }
            if self.connections.get(&control).is_some_and(|connection| connection.sealed) {
                break;
            }
        }
    }

    fn command(&mut self, control: Pair, line: &str, whole: bool) {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        if !whole {
            let named = line.contains(' ');
            let port = matches!(verb.as_str(), "PORT" | "EPRT" | "LPRT");
            if port || !named {
                self.unsure(control);
            }
            // What is known of the argument can be compared where it is not random.
            let known = match verb.as_str() {
                "PASS" | "MFMT" | "SITE" => verb.clone(),
                _ if port || !named => verb.clone(),
                _ => format!("{verb} {argument}"),
            };
            self.line(control, format!("command {known}{UNKNOWN}"), say!("command {}", line.to_owned() + CUT));
            return;
        }
        let mut announces = None;
        let numbers: Vec<&str> = argument.split(',').collect();
        let meaning = match (verb.as_str(), &numbers[..]) {
            // Passwords are anybody's choice.
            ("PASS", _) => verb.clone(),
            ("PORT", [a, b, c, d, high, low]) => {
                announces = port(high, low);
                format!("PORT {a},{b},{c},{d},<port>")
            }
            // The time of a file is its own.
            ("MFMT", _) => format!("MFMT <time> {}", argument.split_once(' ').map_or("", |(_, file)| file)),
            ("SITE", _) if argument.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("UTIME ")) => {
                let timeless = argument.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>();
                format!("SITE {}", timeless.join(" "))
            }
            // RFC 1639: family, length and bytes of the address, length and bytes of the port.
            ("LPRT", [address @ .., "2", high, low]) => {
                announces = port(high, low);
                format!("LPRT {},2,<port>", address.join(","))
            }
            ("EPRT", _) => {
                let mut parts: Vec<&str> = argument.split('|').collect();
                announces = parts.get(3).and_then(|port| port.parse().ok());
                if let Some(port) = parts.get_mut(3) {
                    *port = "<port>";
                }
                format!("EPRT {}", parts.join("|"))
            }
            _ => format!("{verb} {argument}").trim_end().to_owned(),
        };
        self.announce(control, announces);
        self.line(control, format!("command {meaning}"), say!("command {}", line));
    }

    fn line(&mut self, control: Pair, meaning: String, shown: Message) {
        self.items.entry(Some(control)).or_default().push(Item::Line(Step { meaning, shown }));
    }

    /// Who knocks on what port cannot be told from now on.
    fn unsure(&mut self, control: Pair) {
        if let Some(connection) = self.connections.get_mut(&control) {
            connection.unsure = true;
            connection.announces = None;
        }
    }

    fn reply(&mut self, control: Pair, line: &str, whole: bool) {
        let Some(connection) = self.connections.get_mut(&control) else { return };
        let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
        let last = code.is_some() && matches!(line.as_bytes().get(3), None | Some(b' '));
        match (&connection.open_reply, code) {
            (Some(open), Some(code)) if last && open == code => connection.open_reply = None,
            (Some(_), _) => return,
            (None, Some(code)) if line.as_bytes().get(3) == Some(&b'-') => {
                connection.open_reply = Some(code.to_owned());
                return;
            }
            // Text of a reply whose first line was cut before it said that more follow.
            (None, None) if whole && self.streams.get(&(control.1, control.0)).is_some_and(LineStream::is_cut) => {
                return;
            }
            (None, _) => {}
        }
        if !whole {
            if code.is_none_or(|code| matches!(code, "227" | "228" | "229")) {
                self.unsure(control);
            }
            let (known, rest) = code.map_or((line, UNKNOWN.to_string()), |code| (code, String::new()));
            self.line(control, format!("reply {known}{rest}"), say!("reply {}", line.to_owned() + CUT));
            return;
        }
        let code = code.unwrap_or("without a code");
        let announces = match code {
            "227" => parse_pasv_reply_loosely(line).map(|address| address.port()),
            "229" => parse_epsv_reply(line),
            _ => None,
        };
        self.announce(control, announces);
        // RFC 4217, section 4: what follows is TLS.
        if let Some(connection) = self.connections.get_mut(&control).filter(|_| code == "234") {
            connection.sealed = true;
        }
        self.line(control, format!("reply {code}"), say!("reply {}", line));
    }

    fn announce(&mut self, control: Pair, port: Option<u16>) {
        let Some(port) = port else { return };
        self.announcers.insert(port, control);
        if let Some(connection) = self.connections.get_mut(&control) {
            connection.announces = Some(port);
            connection.unsure = false;
        }
    }
}

/// `20261124063432`
fn is_time(word: &str) -> bool {
    word.len() == 14 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The port of two numbers (RFC 959, section 4.1.2).
fn port(high: &str, low: &str) -> Option<u16> {
    let (high, low): (u8, u8) = (high.trim().parse().ok()?, low.trim().parse().ok()?);
    Some(u16::from_be_bytes([high, low]))
}

impl Connection {
    fn is_up_control(&self) -> bool {
        self.control && self.answer == Answer::SynAck
    }

    /// How it ended.
    const fn end(&self) -> Phrase {
        match (self.reset, self.fins, self.closed_by) {
            (true, ..) if self.sealed => say!("closed"),
            (true, ..) => say!("reset"),
            // Who of two says goodbye first is a race on a control connection and where TLS says goodbye as well, and
            // so is whether the other one still does or is told off with RST.
            (false, [true, _] | [_, true], _) if self.control || self.sealed => say!("closed"),
            (false, [true, true], Some(0)) => say!("closed by both, first by the one who knocks"),
            (false, [true, true], _) => say!("closed by both, first by the one who opens"),
            (false, [false, false], _) => say!("left open"),
            (false, ..) => say!("closed by one"),
        }
    }
}

fn end_step((from, to): Pair, connection: &Connection) -> Step {
    let end = connection.end();
    Step {
        meaning: format!("control connection {} > {}: {}", from.ip, to.ip, &*end),
        shown: say!("the control connection {} > {} is {}", from.to_string(), to.to_string(), end),
    }
}

fn connection_step((from, to): Pair, connection: &Connection) -> Step {
    let mut answer: Message = match connection.answer {
        Answer::None => say!("never answered").into(),
        Answer::SynAck => say!("answered by SYN-ACK").into(),
        Answer::Rst => say!("answered by RST").into(),
        Answer::Error(name) => say!("answered by ICMP {}", name),
    };
    if connection.answer == Answer::SynAck && !connection.control {
        let data = match connection.data {
            [false, false] => say!("no data"),
            // TLS begins with words in both directions; who has sent a file cannot be seen.
            _ if connection.sealed => say!("sealed"),
            [true, false] => say!("data from the one who knocks"),
            [false, true] => say!("data from the one who opens"),
            [true, true] => say!("data both ways"),
        };
        answer = say!("{}, {}, {}", answer, data, connection.end());
    }
    let door = match (connection.control, connection.announced) {
        (true, _) => say!("the control port {}", to.port),
        (false, true) => say!("the announced port").into(),
        (false, false) if connection.unsure => say!("a port whose name was cut").into(),
        (false, false) if connection.sealed => say!("a port that nobody could read").into(),
        (false, false) => say!("another port").into(),
    };
    let known = if connection.unsure && !connection.control && !connection.announced {
        UNKNOWN.to_string()
    } else {
        door.to_string()
    };
    let source = if from.port < 1024 { from.port.to_string() } else { "a random port".to_owned() };
    let (shown_from, shown_to) = (from.to_string(), to.to_string());
    Step {
        meaning: format!("SYN {} {source} > {} {known}, {answer}", from.ip, to.ip),
        shown: match connection.syns {
            1 => say!("SYN {} > {}, {}, {}", shown_from, shown_to, door, answer),
            count => say!("SYN ({} times) {} > {}, {}, {}", count, shown_from, shown_to, door, answer),
        },
    }
}
