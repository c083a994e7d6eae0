//! Packets as meaningful steps: who knocked and what became of it, FTP lines by command and reply code.
//!
//! Modelled: TCP streams put in order again (RFC 9293, section 3.4), replies of one and of several lines (RFC 959,
//! section 4.2), data connections held against the port that PORT, EPRT, PASV or EPSV announced (RFC 959, section
//! 4.1.2; RFC 2428). Left out, because it differs between any two runs: pure acknowledgements, repetitions, how bytes
//! are cut into segments, times, who of two closes first. A connection is one step, at the place where it began among
//! the FTP lines: the data connection's segments race with those of the control connection. Not modelled: a control
//! connection that is encrypted, or captured without its beginning.

use crate::packet::{Body, Endpoint, Flags, Icmp, Packet, Segment, SeqNr};
use std::collections::BTreeMap;

/// How many pieces of a stream wait for a missing one, and what is kept of a line without an end.
const MOST_WAITING: usize = 256;
const LONGEST_LINE: usize = 4096;

/// A meaningful step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Without what is random: compared.
    pub meaning: String,
    /// As it was: shown.
    pub shown: String,
}

impl Step {
    /// Whether two steps are the same up to random ports, numbers and times.
    pub fn means(&self, other: &Self) -> bool {
        self.meaning == other.meaning
    }
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
#[derive(Debug, Default)]
struct Connection {
    syns: usize,
    answer: Answer,
    data: [bool; 2],
    fins: [bool; 2],
    reset: bool,
    control: bool,
    announced: bool,
}

/// One direction of a control connection.
#[derive(Debug, Default)]
struct Stream {
    next: SeqNr,
    waiting: BTreeMap<u32, Vec<u8>>,
    line: Vec<u8>,
    /// The code of a reply that has more lines.
    more: Option<String>,
}

/// A place in the list of steps: a line, or a connection whose words are known at the end only.
enum Item {
    Line(Step),
    Connection(Pair),
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    connections: BTreeMap<Pair, Connection>,
    streams: BTreeMap<Pair, Stream>,
    announced: Option<u16>,
}

/// The steps of packets in the order they were seen at one interface.
pub fn steps(packets: &[&Packet], control_ports: &[u16]) -> Vec<Step> {
    let mut reader = Reader::default();
    for packet in packets {
        match &packet.body {
            Body::Tcp(segment) => reader.segment((packet.source(), packet.destination()), segment, control_ports),
            Body::Icmp(icmp) => reader.error(icmp),
        }
    }
    let Reader { items, connections, .. } = reader;
    items
        .into_iter()
        .map(|item| match item {
            Item::Line(step) => step,
            Item::Connection(pair) => connection_step(pair, connections.get(&pair).unwrap_or(&Connection::default())),
        })
        .collect()
}

impl Reader {
    fn segment(&mut self, (from, to): Pair, segment: &Segment, control_ports: &[u16]) {
        let [syn, ack, rst, fin] =
            [Flags::SYN, Flags::ACK, Flags::RST, Flags::FIN].map(|flag| segment.flags.contains(flag));
        if syn && !ack {
            let control = control_ports.contains(&to.port);
            let announced = self.announced == Some(to.port);
            let mut first = false;
            let connection = self.connections.entry((from, to)).or_insert_with(|| {
                first = true;
                Connection { control, announced, ..Connection::default() }
            });
            connection.syns += 1;
            if first {
                self.items.push(Item::Connection((from, to)));
                if control {
                    self.streams.insert((from, to), Stream { next: segment.seq + 1, ..Stream::default() });
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
            connection.reset |= rst;
        }
        connection.fins[side] |= fin;
        connection.data[side] |= !segment.payload.is_empty();
        let control = connection.control;
        if control && syn {
            self.streams.entry((from, to)).or_default().next = segment.seq + 1;
        } else if control && !segment.payload.is_empty() {
            self.stream((from, to), segment, side == 0);
        }
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

    fn stream(&mut self, pair: Pair, segment: &Segment, from_client: bool) {
        let stream = self.streams.entry(pair).or_default();
        if stream.waiting.len() < MOST_WAITING {
            stream.waiting.insert(segment.seq.0, segment.payload.to_vec());
        }
        let mut lines = Vec::new();
        // Pieces are few; each round uses one up.
        while let Some(seq) = stream.waiting.keys().copied().find(|seq| SeqNr(*seq) <= stream.next) {
            let piece = stream.waiting.remove(&seq).unwrap_or_default();
            let known = (stream.next - SeqNr(seq)) as usize;
            for &byte in piece.get(known..).unwrap_or_default() {
                stream.next += 1;
                match byte {
                    b'\n' => lines.push(String::from_utf8_lossy(&std::mem::take(&mut stream.line)).into_owned()),
                    b'\r' => {}
                    _ if stream.line.len() < LONGEST_LINE => stream.line.push(byte),
                    _ => {}
                }
            }
        }
        for line in lines {
            if from_client {
                self.command(&line);
            } else {
                self.reply(pair, &line);
            }
        }
    }

    fn command(&mut self, line: &str) {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        let numbers: Vec<&str> = argument.split(',').collect();
        let meaning = match (verb.as_str(), &numbers[..]) {
            // Passwords are anybody's choice.
            ("PASS", _) => verb.clone(),
            ("PORT", [a, b, c, d, high, low]) => {
                self.announced = port(high, low);
                format!("PORT {a},{b},{c},{d},<port>")
            }
            ("EPRT", _) => {
                let mut parts: Vec<&str> = argument.split('|').collect();
                self.announced = parts.get(3).and_then(|port| port.parse().ok());
                if let Some(port) = parts.get_mut(3) {
                    *port = "<port>";
                }
                format!("EPRT {}", parts.join("|"))
            }
            _ => format!("{verb} {argument}").trim_end().to_owned(),
        };
        self.items.push(Item::Line(Step { meaning: format!("command {meaning}"), shown: format!("command {line}") }));
    }

    fn reply(&mut self, pair: Pair, line: &str) {
        let Some(stream) = self.streams.get_mut(&pair) else { return };
        let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
        let last = code.is_some() && matches!(line.as_bytes().get(3), None | Some(b' '));
        match (&stream.more, code) {
            (Some(open), Some(code)) if last && open == code => stream.more = None,
            (Some(_), _) => return,
            (None, Some(code)) if line.as_bytes().get(3) == Some(&b'-') => {
                stream.more = Some(code.to_owned());
                return;
            }
            (None, _) => {}
        }
        let code = code.unwrap_or("without a code");
        let inside = line.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
        match (code, inside) {
            ("227", Some(inside)) => {
                let numbers: Vec<&str> = inside.split(',').collect();
                if let [_, _, _, _, high, low] = numbers[..] {
                    self.announced = port(high, low);
                }
            }
            ("229", Some(inside)) => self.announced = inside.trim_matches('|').parse().ok(),
            _ => {}
        }
        self.items.push(Item::Line(Step { meaning: format!("reply {code}"), shown: format!("reply {line}") }));
    }
}

/// The port of two numbers (RFC 959, section 4.1.2).
fn port(high: &str, low: &str) -> Option<u16> {
    let (high, low): (u8, u8) = (high.trim().parse().ok()?, low.trim().parse().ok()?);
    Some(u16::from_be_bytes([high, low]))
}

fn connection_step((from, to): Pair, connection: &Connection) -> Step {
    let answer = match connection.answer {
        Answer::None => "never answered".to_owned(),
        Answer::SynAck => "answered by SYN-ACK".to_owned(),
        Answer::Rst => "answered by RST".to_owned(),
        Answer::Error(name) => format!("answered by ICMP {name}"),
    };
    let mut life = String::new();
    if connection.answer == Answer::SynAck {
        if !connection.control {
            life += match connection.data {
                [false, false] => ", no data",
                [true, false] => ", data from the one who knocks",
                [false, true] => ", data from the one who opens",
                [true, true] => ", data both ways",
            };
        }
        life += match (connection.reset, connection.fins) {
            (true, _) => ", reset",
            (false, [true, true]) => ", closed by both",
            (false, [false, false]) => ", left open",
            (false, _) => ", closed by one",
        };
    }
    let door = match (connection.control, connection.announced) {
        (true, _) => format!("the control port {}", to.port),
        (false, true) => "the announced port".to_owned(),
        (false, false) => "another port".to_owned(),
    };
    let source = if from.port < 1024 { from.port.to_string() } else { "a random port".to_owned() };
    let times = match connection.syns {
        1 => String::new(),
        count => format!(" ({count} times)"),
    };
    Step {
        meaning: format!("SYN {} {source} > {} {door}, {answer}{life}", from.ip, to.ip),
        shown: format!("SYN{times} {from} > {to}, {door}, {answer}{life}"),
    }
}
