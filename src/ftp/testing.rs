//! A client and a server session in one memory: no TCP, no time, every message arrives at once. What happens is
//! recorded as readable lines.

use super::{
    Accepts, ClientConfig, ClientSession, Command, DataError, FtpTimer, FxpServer, Host, ListenPort, Note, Reply,
    Server, ServerConfig, ServerSession,
};
use crate::time::{Duration, Instant};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a session asked for that concerns the other side.
#[derive(Debug)]
enum Act {
    Control(Bytes),
    CloseControl,
    Call,
    Connect(SocketAddr, SocketAddr),
    Data(Bytes),
    CloseData,
    LeaveData,
    AbortData,
}

/// One side's machine.
pub(crate) struct Machine {
    letter: char,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    acts: VecDeque<Act>,
    listener: Option<SocketAddr>,
    next_port: u16,
    pub(crate) timers: Vec<FtpTimer>,
    pub(crate) now: Instant,
    pub(crate) log: Vec<String>,
    pub(crate) notes: Vec<Note>,
    /// What every line was on the control connection.
    pub(crate) wire: Vec<Bytes>,
    /// What went out on the control connection that is neither command nor reply.
    pub(crate) raw: Vec<Bytes>,
}

impl Machine {
    pub(crate) fn new(letter: char, local: &str, remote: &str, next_port: u16) -> Self {
        Self {
            letter,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            acts: VecDeque::new(),
            listener: None,
            next_port,
            timers: Vec::new(),
            now: Instant::START,
            log: Vec::new(),
            notes: Vec::new(),
            wire: Vec::new(),
            raw: Vec::new(),
        }
    }

    fn port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }
}

impl Host for Machine {
    fn now(&self) -> Instant {
        self.now
    }
    fn control_local(&self) -> SocketAddr {
        self.local
    }
    fn control_remote(&self) -> SocketAddr {
        self.remote
    }
    fn send_command(&mut self, command: &Command, wire: Bytes) {
        self.log.push(format!("{}: {command}", self.letter));
        self.wire.push(wire.clone());
        self.acts.push_back(Act::Control(wire));
    }
    fn send_reply(&mut self, reply: &Reply, writes: &[Bytes]) {
        self.log.push(format!("{}: {reply}", self.letter));
        let wire = Bytes::from(writes.concat());
        self.wire.push(wire.clone());
        self.acts.push_back(Act::Control(wire));
    }
    fn send_raw(&mut self, wire: Bytes) {
        self.raw.push(wire.clone());
        self.acts.push_back(Act::Control(wire));
    }
    fn saw_command(&mut self, _: &Command) {}
    fn saw_reply(&mut self, _: &Reply) {}
    fn close_control(&mut self) {
        self.acts.push_back(Act::CloseControl);
    }
    fn select_control(&mut self, _: FxpServer) {}
    fn connect_control(&mut self) {
        self.acts.push_back(Act::Call);
    }
    fn listen_data(&mut self, _: ListenPort, _: Accepts) -> Result<SocketAddr, DataError> {
        let port = self.port();
        let address = SocketAddr::new(self.local.ip(), port);
        self.listener = Some(address);
        Ok(address)
    }
    fn stop_listening(&mut self) {
        self.listener = None;
    }
    fn connect_data(&mut self, from: Option<u16>, to: SocketAddr) -> Result<(), DataError> {
        let port = from.unwrap_or_else(|| self.port());
        self.acts.push_back(Act::Connect(SocketAddr::new(self.local.ip(), port), to));
        Ok(())
    }
    fn send_data(&mut self, bytes: Bytes) -> usize {
        self.log.push(format!("{} data {} bytes", self.letter, bytes.len()));
        let taken = bytes.len();
        self.acts.push_back(Act::Data(bytes));
        taken
    }
    fn send_last_data(&mut self, bytes: Bytes) -> usize {
        let taken = if bytes.is_empty() { 0 } else { self.send_data(bytes) };
        self.close_data();
        taken
    }
    fn close_data(&mut self) {
        self.log.push(format!("{} data FIN", self.letter));
        self.acts.push_back(Act::CloseData);
    }
    fn linger_data(&mut self) {
        self.close_data();
    }
    fn release_data(&mut self) {}
    fn leave_data(&mut self) {
        self.log.push(format!("{} data FIN", self.letter));
        self.acts.push_back(Act::LeaveData);
    }
    fn abort_data(&mut self) {
        self.log.push(format!("{} data abort", self.letter));
        self.acts.push_back(Act::AbortData);
    }
    fn set_timer(&mut self, timer: FtpTimer, _: Duration) {
        self.cancel_timer(timer);
        self.timers.push(timer);
    }
    fn cancel_timer(&mut self, timer: FtpTimer) {
        self.timers.retain(|running| *running != timer);
    }
    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

/// What the network between the two does to data connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Open,
    Refuses,
    Drops,
}

/// A client and a server, connected.
pub(crate) struct Pair {
    pub(crate) client: ClientSession,
    pub(crate) server: ServerSession,
    pub(crate) shared: Server,
    pub(crate) machines: [Machine; 2],
    pub(crate) path: Path,
    called: bool,
    /// Which sides of the data connection are open, if there is one.
    data: Option<[bool; 2]>,
    /// Which sides have no more to do with it, although it is not over.
    left: [bool; 2],
    pub(crate) log: Vec<String>,
}

const CLIENT: usize = 0;

macro_rules! tell {
    ($pair:ident, $side:expr, $event:ident $(, $argument:expr)*) => {
        if $side == CLIENT {
            $pair.client.$event($($argument,)* &mut $pair.machines[0]);
        } else {
            $pair.server.$event($($argument,)* &mut $pair.shared, &mut $pair.machines[1]);
        }
    };
}

impl Pair {
    pub(crate) fn new(config: ClientConfig, server: ServerConfig) -> Self {
        Self::between(config, server, false)
    }

    /// The same, over IPv6 if wanted.
    pub(crate) fn between(config: ClientConfig, server: ServerConfig, six: bool) -> Self {
        let (client_end, server_end) = if six {
            ("[2001:db8:10::10]:40000", "[2001:db8:113:1::10]:21")
        } else {
            ("192.168.10.10:40000", "203.0.113.10:21")
        };
        Self {
            client: ClientSession::new(Arc::new(config)),
            server: ServerSession::new(),
            shared: Server::new(server),
            machines: [
                Machine::new('C', client_end, server_end, 50_000),
                Machine::new('S', server_end, client_end, 60_000),
            ],
            path: Path::Open,
            called: false,
            data: None,
            left: [false; 2],
            log: Vec::new(),
        }
    }

    /// Connects and runs until nothing more happens.
    pub(crate) fn run(&mut self) {
        self.client.on_started(&mut self.machines[0]);
        self.settle();
    }

    /// Lets a timer of the server run out, and runs on.
    pub(crate) fn server_timer(&mut self, timer: FtpTimer) {
        assert!(self.machines[1].timers.contains(&timer), "{timer:?} does not run");
        self.machines[1].cancel_timer(timer);
        self.server.on_timer(timer, &mut self.shared, &mut self.machines[1]);
        self.settle();
    }

    /// Lets a timer of the client run out, and runs on.
    pub(crate) fn client_timer(&mut self, timer: FtpTimer) {
        assert!(self.machines[0].timers.contains(&timer), "{timer:?} does not run");
        self.machines[0].cancel_timer(timer);
        self.client.on_timer(timer, &mut self.machines[0]);
        self.settle();
    }

    /// Sends a line to the server behind the client's back.
    pub(crate) fn say(&mut self, line: &'static str) {
        self.say_text(line);
    }

    pub(crate) fn say_text(&mut self, line: &str) {
        let bytes = Bytes::copy_from_slice(line.as_bytes());
        self.server.on_control(bytes, &mut self.shared, &mut self.machines[1]);
        self.collect();
    }

    /// The server greets, and nobody answers.
    pub(crate) fn greet(&mut self) {
        self.server.on_connected(&mut self.shared, &mut self.machines[1]);
        self.collect();
    }

    fn collect(&mut self) {
        for machine in &mut self.machines {
            self.log.append(&mut machine.log);
        }
    }

    pub(crate) fn settle(&mut self) {
        self.collect();
        // The server first, so that 226 and QUIT do not overtake what they follow.
        while let Some((side, act)) =
            [1, 0].into_iter().find_map(|side| Some((side, self.machines[side].acts.pop_front()?)))
        {
            self.act(side, act);
            self.collect();
        }
    }

    fn act(&mut self, side: usize, act: Act) {
        let other = 1 - side;
        match act {
            Act::Control(bytes) => tell!(self, other, on_control, bytes),
            // The client has called again meanwhile, and hears no more of the last connection.
            Act::CloseControl if side == 1 && self.machines[0].acts.iter().any(|act| matches!(act, Act::Call)) => {}
            Act::CloseControl => {
                self.log.push(format!("{} control FIN", self.machines[side].letter));
                if other == CLIENT {
                    self.client.on_control_closed(&mut self.machines[0]);
                } else {
                    self.server.on_control_closed(&mut self.shared, &mut self.machines[1]);
                }
            }
            Act::Call => {
                if self.called {
                    self.log.push(String::from("another control connection"));
                    self.server = ServerSession::new();
                }
                self.called = true;
                self.client.on_connected(&mut self.machines[0]);
                self.server.on_connected(&mut self.shared, &mut self.machines[1]);
            }
            Act::Connect(from, to) => {
                self.log.push(format!("data {from} > {to}"));
                match self.path {
                    Path::Drops => {}
                    Path::Open if self.machines[other].listener == Some(to) => {
                        (self.data, self.left) = (Some([true; 2]), [false; 2]);
                        tell!(self, other, on_data_connected, from);
                        self.collect();
                        tell!(self, side, on_data_connected, to);
                    }
                    Path::Open | Path::Refuses => tell!(self, side, on_data_failed, DataError::Refused),
                }
            }
            Act::Data(bytes) => tell!(self, other, on_data, bytes),
            Act::CloseData | Act::LeaveData => {
                let Some(open) = &mut self.data else { return };
                open[side] = false;
                // Who has left hears no more of it.
                self.left[side] |= matches!(act, Act::LeaveData);
                if !self.left[other] {
                    tell!(self, other, on_data_closed);
                }
                if self.data == Some([false; 2]) {
                    self.data = None;
                    for side in [CLIENT, 1] {
                        self.collect();
                        if side != CLIENT && !self.left[side] {
                            self.server.on_data_sent(&mut self.shared, &mut self.machines[1]);
                        }
                        if !self.left[side] {
                            tell!(self, side, on_data_done);
                        }
                    }
                }
            }
            Act::AbortData => {
                if self.data.take().is_some() {
                    tell!(self, other, on_data_failed, DataError::Reset);
                }
            }
        }
    }
}
