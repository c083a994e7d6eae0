//! Segments to sockets and back.

use super::programs::Call;
use super::queue::What;
use super::simulation::Simulation;
use super::stack::{Handle, Owner, Socket};
use crate::ftp::{Accepts, DataError};
use crate::ids::{FrameId, NodeId, SessionId, SocketId};
use crate::network::{LinkSettings, Route};
use crate::packet::{Body, Channel, DEFAULT_TTL, Endpoint, Icmp, Packet, SeqNr, Tag, Unreachable};
use crate::tcp::{Config, Connection, Failure, KeepAlive, Outcome, State};
use crate::time::{Duration, Instant};
use crate::trace::{Event, Observer, PortName, SocketAction, Timer};

/// How long a program is inside `connect()` at least. An `ICMPv6` error that comes back within it, from the next machine
/// on a link without delay or from the node's own firewall, finds the socket in use and is only noted (`tcp_v6_err`):
/// the next SYN brings the next one (measured: the error after 1.02 s and two SYNs; over IPv4 at once).
const IN_CONNECT: Duration = Duration::from_micros(50);

impl<O: Observer> Simulation<O> {
    /// A packet for this node itself.
    pub(super) fn deliver(&mut self, node: NodeId, packet: Packet) {
        match &packet.body {
            Body::Tcp(segment) => {
                let (local, remote) = (packet.destination(), packet.source());
                let stack = &mut self.nodes[node.index()].stack;
                let found = stack.find(local, remote).filter(|handle| {
                    let socket = stack.socket(*handle);
                    let listens = stack.listener(local).is_some();
                    !(listens && socket.is_some_and(|socket| socket.connection.gives_way_to(segment)))
                });
                if let Some(handle) = found {
                    let Some(socket) = stack.socket_mut(handle) else { return };
                    socket.cause = packet.last_frame;
                    let outcome = socket.connection.on_segment(self.now, segment);
                    self.apply(node, handle, outcome, packet.last_frame);
                } else if segment.is_syn() && stack.listener(local).is_some() {
                    let old = stack.find(local, remote);
                    let iss = old.and_then(|old| stack.socket(old)).map(|old| old.connection.successor());
                    if let Some(old) = old {
                        self.forget(node, old, packet.last_frame);
                    }
                    let iss = iss.unwrap_or_else(|| SeqNr(self.random()));
                    self.accept(node, &packet, iss);
                } else {
                    self.answer_with_reset(node, &packet, None);
                }
            }
            Body::Icmp(icmp) => match &**icmp {
                Icmp::Unreachable { reason, quoted } => self.icmp_about(node, *reason, quoted, packet.last_frame),
                Icmp::TooBig { mtu, quoted } => self.too_big_for_socket(node, *mtu, quoted, packet.last_frame),
                // To a connecting socket that is EHOSTUNREACH (Linux: icmp_err_convert).
                Icmp::TimeExceeded { quoted } => self.icmp_about(node, Unreachable::Host, quoted, packet.last_frame),
            },
        }
    }

    /// A packet of this node itself could not leave: its socket learns without any ICMP on a wire.
    pub(super) fn report_to_own_socket(&mut self, node: NodeId, reason: Unreachable, lost: &Packet) {
        self.icmp_about(node, reason, lost, lost.last_frame);
    }

    /// The node's own routes lead nowhere: `connect()` fails at once (`fib_props`).
    pub(super) fn no_way_for_own_socket(&mut self, node: NodeId, route: Route, lost: &Packet) {
        let (reason, failure) = match route {
            Route::Blackhole => (Unreachable::Net, Some(Failure::Invalid)),
            Route::Prohibit => (Unreachable::AdminProhibited, Some(Failure::Prohibited)),
            Route::Unreachable => (Unreachable::Host, None),
            _ => (Unreachable::Net, None),
        };
        let stack = &mut self.nodes[node.index()].stack;
        let Some(handle) = stack.find(lost.source(), lost.destination()) else { return };
        let Some(socket) = stack.socket_mut(handle) else { return };
        let mut outcome = socket.connection.on_unreachable(reason);
        if outcome.failed.is_some() {
            outcome.failed = failure.or(outcome.failed);
        }
        self.apply(node, handle, outcome, lost.last_frame);
    }

    fn icmp_about(&mut self, node: NodeId, reason: Unreachable, quoted: &Packet, cause: Option<FrameId>) {
        let stack = &mut self.nodes[node.index()].stack;
        let Some(handle) = stack.find(quoted.source(), quoted.destination()) else { return };
        let Some(socket) = stack.socket_mut(handle) else { return };
        let connecting = socket.connection.state() == State::SynSent && self.now.since(socket.begun) < IN_CONNECT;
        if connecting && quoted.src.is_ipv6() {
            return;
        }
        let outcome = socket.connection.on_unreachable(reason);
        self.apply(node, handle, outcome, cause);
    }

    /// A packet of a socket did not fit on a link.
    pub(super) fn too_big_for_socket(&mut self, node: NodeId, mtu: u32, quoted: &Packet, cause: Option<FrameId>) {
        let Some(segment) = quoted.tcp() else { return };
        let stack = &mut self.nodes[node.index()].stack;
        let Some(handle) = stack.find(quoted.source(), quoted.destination()) else { return };
        let Some(socket) = stack.socket_mut(handle) else { return };
        socket.cause = cause;
        socket.connection.on_too_big(mtu, segment.seq);
        self.apply(node, handle, Outcome::default(), cause);
    }

    /// The stack's settings for a connection to `remote`: the MSS is what the first link takes (RFC 6691). All programs
    /// set `TCP_NODELAY` on the control connection (recorded: 226 does not wait for the acknowledgement of 150).
    fn tcp_towards(&mut self, node: NodeId, remote: Endpoint, owner: Owner) -> Config {
        let mtu = match self.routes.route(&self.topology, node, remote.ip) {
            Route::Via(output) | Route::Nobody(output) => self.topology.link_of(node, output).settings.mtu,
            _ => LinkSettings::default().mtu,
        };
        let fits = mtu.saturating_sub(40).min(65495) as u16;
        let mss = if mtu == LinkSettings::default().mtu { self.tcp.mss } else { fits };
        let options = self.program_mut(node, owner.program).sockets;
        let keep_alive = options.keep_alive;
        let keep_alive = keep_alive.map(|(idle, interval)| KeepAlive { idle, interval, ..KeepAlive::default() });
        Config {
            mss,
            nagle: self.tcp.nagle && owner.channel == Channel::Data,
            keep_alive: keep_alive.or(self.tcp.keep_alive),
            fixed_buffer: options.receive_buffer,
            ..self.tcp
        }
    }

    fn accept(&mut self, node: NodeId, packet: &Packet, iss: SeqNr) {
        let Some(segment) = packet.tcp() else { return };
        let (local, remote) = (packet.destination(), packet.source());
        let id = self.next_socket();
        let Some((slot, listener)) = self.nodes[node.index()].stack.listener(local) else { return };
        let (owner, name, session) = (listener.owner, listener.name, listener.session);
        let listener = Handle { slot, id: listener.id };
        let tag = packet.tag.unwrap_or(Tag {
            connection: None,
            session: session.unwrap_or_default(),
            channel: owner.channel,
        });
        let cause = self.record(node, packet.last_frame, Some(tag), |_| Event::Socket {
            socket: id,
            action: SocketAction::Accept,
            local,
            remote: Some(remote),
            name,
        });
        let config = self.tcp_towards(node, remote, owner);
        let (connection, outcome) = Connection::accept(config, local, remote, iss, segment);
        let handle = self.nodes[node.index()].stack.insert(Socket {
            id,
            connection,
            tag,
            owner,
            cause,
            last_sent: cause,
            begun: self.now,
            wakes: Instant::NEVER,
            listener: Some(listener),
        });
        self.nodes[node.index()].stack.add_pending(listener, handle);
        self.apply(node, handle, outcome, cause);
    }

    /// Begins a connection.
    pub(super) fn connect(
        &mut self,
        node: NodeId,
        (local, remote): (Endpoint, Endpoint),
        name: Option<PortName>,
        (owner, session): (Owner, SessionId),
        cause: Option<FrameId>,
    ) -> Handle {
        let id = self.next_socket();
        let tag = Tag { connection: Some(self.next_connection()), session, channel: owner.channel };
        let iss = SeqNr(self.random());
        let cause = self.record(node, cause, Some(tag), |_| Event::Socket {
            socket: id,
            action: SocketAction::Connect,
            local,
            remote: Some(remote),
            name,
        });
        let config = self.tcp_towards(node, remote, owner);
        let (connection, outcome) = Connection::connect(config, local, remote, iss);
        let handle = self.nodes[node.index()].stack.insert(Socket {
            id,
            connection,
            tag,
            owner,
            cause,
            last_sent: cause,
            begun: self.now,
            wakes: Instant::NEVER,
            listener: None,
        });
        self.apply(node, handle, outcome, cause);
        handle
    }

    /// Acts on what a call to a connection brought about, in the order in which Linux would: state, output, program.
    pub(super) fn apply(&mut self, node: NodeId, handle: Handle, outcome: Outcome, cause: Option<FrameId>) {
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return };
        let (owner, tag) = (socket.owner, socket.tag);
        let (local, remote) = (socket.connection.local(), socket.connection.remote());
        let mut cause = cause;
        if O::RECORDS {
            for (from, to) in outcome.transitions() {
                cause = self.record(node, cause, Some(tag), |_| Event::TcpState {
                    socket: handle.id,
                    local,
                    remote,
                    from,
                    to,
                });
            }
            if let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) {
                socket.cause = cause;
            }
        }
        if let Some(failure) = outcome.failed {
            self.flush(node, handle);
            let error = data_error(failure, remote);
            let cause = self.record(node, cause, Some(tag), |_| Event::Socket {
                socket: handle.id,
                action: SocketAction::Failed(error),
                local,
                remote: Some(remote),
                name: None,
            });
            self.nodes[node.index()].stack.remove(handle);
            return self.call(node, owner, handle, Call::Failed(error), cause);
        }
        if outcome.connected {
            // The last acknowledgement of the handshake goes out at once, before the program has said anything.
            self.flush(node, handle);
            let socket = self.nodes[node.index()].stack.socket_mut(handle);
            if let Some(listener) = socket.and_then(|socket| socket.listener.take())
                && owner.channel == Channel::Data
            {
                let Some(accepts) = self.nodes[node.index()].stack.listener_at(listener).map(|it| it.accepts) else {
                    // The listener was closed meanwhile: a handshake that completes now is answered with RST.
                    return self.turn_away(node, handle, cause);
                };
                if accepts == Accepts::One {
                    self.unlisten(node, listener, cause);
                }
            }
            self.call(node, owner, handle, Call::Connected(remote), cause);
        }
        // A connection to the control port has been given its session meanwhile.
        let owner = self.nodes[node.index()].stack.socket(handle).map_or(owner, |socket| socket.owner);
        if outcome.readable {
            // What is acknowledged at once, at arrival or by reading, goes out before the program answers.
            self.flush(node, handle);
            while let Some(bytes) =
                self.nodes[node.index()].stack.socket_mut(handle).and_then(|socket| socket.connection.read())
            {
                self.flush(node, handle);
                self.call(node, owner, handle, Call::Bytes(bytes), cause);
            }
        }
        if outcome.peer_closed {
            self.call(node, owner, handle, Call::PeerClosed, cause);
        }
        self.flush(node, handle);
        if outcome.room
            && let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle)
            && socket.connection.has_become_writable()
        {
            self.call(node, owner, handle, Call::Writable, cause);
        }
        if outcome.fin_acked {
            self.call(node, owner, handle, Call::FinAcked, cause);
        }
        if outcome.done {
            self.call(node, owner, handle, Call::Done, cause);
        }
        self.settle(node, handle, cause);
    }

    /// An old connection in TIME-WAIT is forgotten, if it lets a new one take its place.
    pub(super) fn reuse_time_wait(&mut self, node: NodeId, old: Handle, cause: Option<FrameId>) -> bool {
        let socket = self.nodes[node.index()].stack.socket(old);
        let can_be_reused = socket.is_some_and(|socket| socket.connection.can_be_reused());
        if can_be_reused {
            self.forget(node, old, cause);
        }
        can_be_reused
    }

    fn forget(&mut self, node: NodeId, handle: Handle, cause: Option<FrameId>) {
        if let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) {
            let outcome = socket.connection.forget();
            self.apply(node, handle, outcome, cause);
        }
    }

    fn turn_away(&mut self, node: NodeId, handle: Handle, cause: Option<FrameId>) {
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return };
        socket.connection.abort();
        self.flush(node, handle);
        self.settle(node, handle, cause);
    }

    /// Sends what the connection has to send.
    pub(super) fn flush(&mut self, node: NodeId, handle: Handle) {
        loop {
            let now = self.now;
            let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return };
            let Some(segment) = socket.connection.poll_transmit(now) else { return };
            let (local, remote) = (socket.connection.local(), socket.connection.remote());
            let (tag, cause) = (socket.tag, socket.cause);
            let packet = Packet {
                id: self.next_packet(),
                tag: Some(tag),
                last_frame: cause,
                src: local.ip,
                dst: remote.ip,
                ttl: DEFAULT_TTL,
                body: Body::Tcp(segment),
            };
            let sent = self.originate(node, packet, None);
            if let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) {
                socket.last_sent = sent;
            }
        }
    }

    /// After everything else: a closed socket goes, a living one has its next timer set.
    pub(super) fn settle(&mut self, node: NodeId, handle: Handle, cause: Option<FrameId>) {
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return };
        if socket.connection.state() == State::Closed {
            let (local, remote) = (socket.connection.local(), socket.connection.remote());
            let tag = socket.tag;
            self.nodes[node.index()].stack.remove(handle);
            self.record(node, cause, Some(tag), |_| Event::Socket {
                socket: handle.id,
                action: SocketAction::Closed,
                local,
                remote: Some(remote),
                name: None,
            });
            return;
        }
        // An event that comes too early finds nothing to do and is set again; one that would come too late is doubled
        // by an earlier one. So a timer that is restarted with every segment costs an event only now and then.
        if let Some(at) = socket.connection.next_deadline()
            && at < socket.wakes
        {
            socket.wakes = at;
            self.queue.push(at, What::Tcp { node, slot: handle.slot, socket: handle.id });
        }
    }

    pub(super) fn tcp_timer(&mut self, node: NodeId, slot: u32, id: SocketId) {
        let handle = Handle { slot, id };
        let now = self.now;
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return };
        if socket.wakes != now {
            return;
        }
        socket.wakes = Instant::NEVER;
        if socket.connection.next_deadline().is_none_or(|at| at > now) {
            return self.settle(node, handle, None);
        }
        let cause = socket.last_sent;
        let tag = socket.tag;
        let outcome = socket.connection.on_timer(now);
        let mut cause = cause;
        if let Some((kind, attempt, after)) = outcome.expired {
            cause = self.record(node, cause, Some(tag), |_| Event::Timer {
                timer: Timer::Tcp(kind),
                socket: Some(id),
                attempt,
                after,
            });
        }
        self.apply(node, handle, outcome, cause);
    }

    /// Closes a listening socket. Handshakes that are not complete are forgotten without a packet (Linux:
    /// `inet_csk_listen_stop`).
    pub(super) fn unlisten(&mut self, node: NodeId, handle: Handle, cause: Option<FrameId>) {
        let Some(listener) = self.nodes[node.index()].stack.unlisten(handle) else { return };
        for &pending in &listener.pending {
            let Some(socket) = self.nodes[node.index()].stack.socket_mut(pending) else { continue };
            if socket.listener.is_some() && socket.connection.state() == State::SynReceived {
                self.forget(node, pending, cause);
            }
        }
        let channel = listener.owner.channel;
        let tag = listener.session.map(|session| Tag { connection: None, session, channel });
        self.record(node, cause, tag, |_| Event::Socket {
            socket: listener.id,
            action: SocketAction::Unlisten,
            local: listener.local,
            remote: None,
            name: listener.name,
        });
    }
}

/// The error that a program sees (measured on Linux 6.18: `connect()` against each ICMP error).
const fn data_error(failure: Failure, remote: Endpoint) -> DataError {
    match failure {
        Failure::Refused | Failure::Unreachable(Unreachable::Port) => DataError::Refused,
        Failure::Invalid => DataError::Invalid,
        Failure::Prohibited => DataError::Prohibited,
        Failure::Reset => DataError::Reset,
        Failure::TimedOut => DataError::TimedOut,
        Failure::Unreachable(Unreachable::Protocol) => DataError::NoProtocol,
        Failure::Unreachable(Unreachable::Net) => DataError::NetUnreachable,
        Failure::Unreachable(Unreachable::Host) => DataError::HostUnreachable,
        Failure::Unreachable(reason) => match (reason, remote.ip) {
            (_, std::net::IpAddr::V6(_)) => DataError::Prohibited,
            (Unreachable::NetProhibited, _) => DataError::NetUnreachable,
            _ => DataError::HostUnreachable,
        },
    }
}
