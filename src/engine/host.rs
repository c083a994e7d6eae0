//! What the FTP programs ask for, on the simulated machine.

use super::ports::PortCall;
use super::simulation::Simulation;
use super::stack::{Handle, Listener, Owner};
use crate::ftp::{Accepts, Command, DataError, FtpTimer, FxpServer, Host, ListenPort, Note, Reply};
use crate::ids::{FrameId, NodeId};
use crate::packet::{Channel, Endpoint, Tag};
use crate::tcp::Outcome;
use crate::time::{Duration, Instant};
use crate::trace::{Event, Observer, PortName, Side, SocketAction};
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The machine as one session sees it, while it is told something.
pub(super) struct EngineHost<'a, O> {
    pub(super) simulation: &'a mut Simulation<O>,
    pub(super) node: NodeId,
    pub(super) program: u16,
    pub(super) slot: u32,
    pub(super) is_client: bool,
    /// The frame that what the session does now follows from.
    pub(super) cause: Option<FrameId>,
}

impl<O: Observer> EngineHost<'_, O> {
    fn owner(&self, channel: Channel) -> Owner {
        Owner { program: self.program, slot: self.slot, channel }
    }

    fn control(&mut self) -> Option<Handle> {
        self.simulation.session_mut(self.node, self.program, self.slot)?.control
    }

    fn data(&mut self) -> Option<Handle> {
        self.simulation.session_mut(self.node, self.program, self.slot)?.data
    }

    fn control_tag(&mut self) -> Option<Tag> {
        self.simulation.session_tag(self.node, self.program, self.slot)
    }

    fn data_tag(&mut self) -> Option<Tag> {
        self.simulation.data_tag(self.node, self.program, self.slot)
    }

    /// The two ends of a data connection to `to`. No address means this machine (`ip_route_output_key_hash_rcu`): its
    /// loopback address, or the one that the program has bound its socket to, as servers do.
    fn ends(&self, port: u16, to: SocketAddr) -> (Endpoint, Endpoint) {
        let own = self.control_local().ip();
        let ip = match to.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() && self.is_client => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V4(ip) if ip.is_unspecified() => own,
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let to = Endpoint::new(ip, to.port());
        let from = match to.ip {
            IpAddr::V4(ip) if ip.is_loopback() && self.is_client => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_loopback() && self.is_client => IpAddr::V6(ip),
            _ => own,
        };
        (Endpoint::new(from, port), to)
    }

    fn record(&mut self, tag: Option<Tag>, event: impl FnOnce() -> Event) -> Option<FrameId> {
        let cause = self.cause;
        self.simulation.record(self.node, cause, tag, |_| event())
    }

    /// Writes a line of the dialogue to a socket; what it sends now follows from `cause`.
    fn write(&mut self, handle: Option<Handle>, bytes: Bytes, cause: Option<FrameId>) {
        self.with_connection(handle, cause, |connection| {
            connection.send(bytes);
            Outcome::default()
        });
    }

    fn with_connection(
        &mut self,
        handle: Option<Handle>,
        cause: Option<FrameId>,
        act: impl FnOnce(&mut crate::tcp::Connection) -> Outcome,
    ) {
        let Some(handle) = handle else { return };
        let Some(socket) = self.simulation.nodes[self.node.index()].stack.socket_mut(handle) else { return };
        socket.cause = cause;
        let outcome = act(&mut socket.connection);
        self.simulation.apply(self.node, handle, outcome, cause);
    }

    fn line(&mut self, side: Side, command: &Command) -> Option<FrameId> {
        if !O::RECORDS {
            return None;
        }
        let tag = self.control_tag();
        let (verb, argument) = (command.verb.clone(), command.argument.clone());
        self.record(tag, || Event::FtpCommand { side, verb, argument })
    }

    fn reply(&mut self, side: Side, reply: &Reply) -> Option<FrameId> {
        if !O::RECORDS {
            return None;
        }
        let tag = self.control_tag();
        let (code, lines) = (reply.code, reply.lines.clone());
        self.record(tag, || Event::FtpReply { side, code, lines })
    }
}

impl<O: Observer> Host for EngineHost<'_, O> {
    fn now(&self) -> Instant {
        self.simulation.now
    }

    fn control_local(&self) -> SocketAddr {
        let sockets =
            self.simulation.nodes[self.node.index()].programs[usize::from(self.program)].sessions.get(self.slot);
        sockets.and_then(|sockets| sockets.local).map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), Into::into)
    }

    fn control_remote(&self) -> SocketAddr {
        let sockets =
            self.simulation.nodes[self.node.index()].programs[usize::from(self.program)].sessions.get(self.slot);
        sockets.and_then(|sockets| sockets.remote).map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), Into::into)
    }

    fn send_command(&mut self, command: &Command, wire: Bytes) {
        let frame = self.line(Side::Sent, command);
        let handle = self.control();
        self.write(handle, wire, frame);
    }

    fn send_reply(&mut self, reply: &Reply, writes: &[Bytes]) {
        let frame = self.reply(Side::Sent, reply);
        let handle = self.control();
        for wire in writes {
            self.write(handle, wire.clone(), frame);
        }
    }

    fn send_raw(&mut self, wire: Bytes) {
        let (handle, cause) = (self.control(), self.cause);
        self.write(handle, wire, cause);
    }

    fn saw_command(&mut self, command: &Command) {
        self.cause = self.line(Side::Seen, command).or(self.cause);
    }

    fn saw_reply(&mut self, reply: &Reply) {
        self.cause = self.reply(Side::Seen, reply).or(self.cause);
    }

    fn close_control(&mut self) {
        let (handle, cause) = (self.control(), self.cause);
        let now = self.simulation.now;
        self.with_connection(handle, cause, |connection| connection.leave(now));
    }

    fn select_control(&mut self, server: FxpServer) {
        self.slot = server as u32;
    }

    fn connect_control(&mut self) {
        let cause = self.cause;
        self.simulation.call_server(self.node, self.program, self.slot, cause);
    }

    fn listen_data(&mut self, port: ListenPort, accepts: Accepts) -> Result<SocketAddr, DataError> {
        self.stop_listening();
        let port = match port {
            ListenPort::Ephemeral => self.simulation.ephemeral_port(self.node, PortCall::Bind),
            ListenPort::Range { low, high } => self.simulation.free_port(self.node, low, high),
        };
        let port = port.ok_or(DataError::NoPort)?;
        let local = Endpoint::new(self.control_local().ip(), port);
        let name = Some(if self.is_client { PortName::Bb } else { PortName::Pasv });
        let id = self.simulation.next_socket();
        let owner = self.owner(Channel::Data);
        let Some(session) =
            self.simulation.session_mut(self.node, self.program, self.slot).map(|sockets| sockets.session)
        else {
            return Err(DataError::NoPort);
        };
        let listener = Listener { id, local, name, owner, session: Some(session), accepts, pending: Vec::new() };
        let handle = self.simulation.nodes[self.node.index()].stack.listen(listener);
        if let Some(sockets) = self.simulation.session_mut(self.node, self.program, self.slot) {
            sockets.listener = Some(handle);
        }
        let tag = Tag { connection: None, session, channel: Channel::Data };
        let frame = self.record(Some(tag), || Event::Socket {
            socket: id,
            action: SocketAction::Listen,
            local,
            remote: None,
            name,
        });
        self.cause = frame.or(self.cause);
        Ok(local.into())
    }

    fn stop_listening(&mut self) {
        let sockets = self.simulation.session_mut(self.node, self.program, self.slot);
        if let Some(handle) = sockets.and_then(|sockets| sockets.listener.take()) {
            let cause = self.cause;
            self.simulation.unlisten(self.node, handle, cause);
        }
    }

    fn connect_data(&mut self, from: Option<u16>, to: SocketAddr) -> Result<(), DataError> {
        let port = if let Some(port) = from {
            port
        } else {
            // Servers bind the socket before they connect it, if only to their address.
            let call = if self.is_client { PortCall::Connect } else { PortCall::Bind };
            self.simulation.ephemeral_port(self.node, call).ok_or(DataError::NoPort)?
        };
        let (local, remote) = self.ends(port, to);
        if let Some(old) = self.simulation.nodes[self.node.index()].stack.find(local, remote) {
            // What only waits in TIME-WAIT makes way (recorded in row D20: the same four numbers 50 ms later; RFC 6191).
            let cause = self.cause;
            if !self.simulation.reuse_time_wait(self.node, old, cause) {
                return Err(DataError::NoPort);
            }
        }
        let name = self.is_client.then_some(PortName::Bb);
        let owner = self.owner(Channel::Data);
        let sockets = self.simulation.session_mut(self.node, self.program, self.slot).ok_or(DataError::NoPort)?;
        let session = sockets.session;
        let cause = self.cause;
        let handle = self.simulation.connect(self.node, (local, remote), name, (owner, session), cause);
        if let Some(sockets) = self.simulation.session_mut(self.node, self.program, self.slot) {
            sockets.data = Some(handle);
        }
        Ok(())
    }

    fn send_data(&mut self, bytes: Bytes) -> usize {
        let (handle, cause) = (self.data(), self.cause);
        let mut taken = 0;
        self.with_connection(handle, cause, |connection| {
            taken = connection.write(bytes);
            Outcome::default()
        });
        taken
    }

    fn send_last_data(&mut self, bytes: Bytes) -> usize {
        let (handle, cause) = (self.data(), self.cause);
        let (mut taken, now) = (0, self.simulation.now);
        self.with_connection(handle, cause, |connection| {
            let all = bytes.len();
            taken = connection.write(bytes);
            if taken == all { connection.leave(now) } else { Outcome::default() }
        });
        taken
    }

    fn close_data(&mut self) {
        let (handle, cause) = (self.data(), self.cause);
        let now = self.simulation.now;
        self.with_connection(handle, cause, |connection| connection.leave(now));
    }

    fn linger_data(&mut self) {
        let (handle, cause) = (self.data(), self.cause);
        self.with_connection(handle, cause, crate::tcp::Connection::linger);
    }

    fn release_data(&mut self) {
        self.leave_data();
    }

    fn abort_data(&mut self) {
        let (handle, cause) = (self.data(), self.cause);
        if let Some(sockets) = self.simulation.session_mut(self.node, self.program, self.slot) {
            sockets.data = None;
        }
        self.with_connection(handle, cause, crate::tcp::Connection::abort);
    }

    fn leave_data(&mut self) {
        let (handle, cause) = (self.data(), self.cause);
        if let Some(sockets) = self.simulation.session_mut(self.node, self.program, self.slot) {
            sockets.data = None;
        }
        let now = self.simulation.now;
        self.with_connection(handle, cause, |connection| connection.leave(now));
    }

    fn set_timer(&mut self, timer: FtpTimer, after: Duration) {
        let (node, program, slot) = (self.node, self.program, self.slot);
        let at = self.simulation.now + after;
        let cause = self.cause;
        let Some(state) = self.simulation.session_mut(node, program, slot) else { return };
        let running = &mut state.timers[timer];
        (running.deadline, running.length, running.cause) = (at, after, cause);
        self.simulation.wake_at(node, program, slot, timer, at);
    }

    fn cancel_timer(&mut self, timer: FtpTimer) {
        if let Some(sockets) = self.simulation.session_mut(self.node, self.program, self.slot) {
            sockets.timers[timer].deadline = Instant::NEVER;
        }
    }

    fn note(&mut self, note: Note) {
        if !O::RECORDS {
            return;
        }
        let tag = match &note {
            Note::TransferStarted { .. } | Note::TransferFinished { .. } => {
                self.data_tag().or_else(|| self.control_tag())
            }
            Note::CommandStarted { .. } | Note::CommandFinished { .. } => self.control_tag(),
        };
        let frame = self.record(tag, || match note {
            Note::CommandStarted { index, run } => Event::Command { index, run, result: None },
            Note::CommandFinished { index, run, result } => Event::Command { index, run, result: Some(result) },
            Note::TransferStarted { verb, mode } => Event::Transfer { command: verb, mode, result: None, bytes: 0 },
            Note::TransferFinished { verb, mode, result, bytes } => {
                Event::Transfer { command: verb, mode, result: Some(result), bytes }
            }
        });
        self.cause = frame.or(self.cause);
    }
}
