//! The FTP programs of a node, and what they are told.

use super::host::EngineHost;
use super::simulation::{Simulation, Slab};
use super::stack::{Handle, Listener, Owner};
use super::timers::SeatTimers;
use crate::ftp::{Accepts, ClientSession, DataError, FtpTimer, Server, ServerSession, SocketOptions};
use crate::ids::{FrameId, NodeId, SessionId};
use crate::packet::{Channel, Endpoint, Tag};
use crate::trace::{Event, Observer, PortName, SocketAction};
use bytes::Bytes;

/// Something an FTP session is told.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Connected(Endpoint),
    Bytes(Bytes),
    PeerClosed,
    Done,
    Failed(DataError),
    Timer(FtpTimer),
}

/// A call that came while a session was busy: it is told afterwards.
#[derive(Debug)]
pub(super) struct Deferred {
    node: NodeId,
    owner: Owner,
    handle: Option<Handle>,
    call: Call,
    cause: Option<FrameId>,
}

/// The sockets and timers of one session.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) session: SessionId,
    pub(super) control: Option<Handle>,
    pub(super) local: Option<Endpoint>,
    pub(super) remote: Option<Endpoint>,
    pub(super) data: Option<Handle>,
    pub(super) listener: Option<Handle>,
    pub(super) timers: SeatTimers,
}

impl Seat {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            control: None,
            local: None,
            remote: None,
            data: None,
            listener: None,
            timers: SeatTimers::default(),
        }
    }
}

/// A program on a node.
#[derive(Debug)]
pub(super) struct App {
    pub(super) seats: Slab<Seat>,
    /// What it sets its sockets to.
    pub(super) sockets: SocketOptions,
    program: Program,
}

#[derive(Debug)]
enum Program {
    /// A server and its sessions, by seat. `None` while a session is being told something.
    Server { server: Option<Box<Server>>, sessions: Vec<Option<Box<ServerSession>>> },
    Client {
        session: Option<Box<ClientSession>>,
        /// The servers that it calls, by seat.
        to: Vec<Endpoint>,
    },
}

impl App {
    pub(super) fn server(server: Server) -> Self {
        Self {
            seats: Slab::default(),
            sockets: SocketOptions::default(),
            program: Program::Server { server: Some(Box::new(server)), sessions: Vec::new() },
        }
    }

    pub(super) fn client(client: ClientSession, session: SessionId, to: Endpoint) -> Self {
        let mut seats = Slab::default();
        seats.insert(Seat::new(session));
        let sockets = client.socket_options();
        Self { seats, sockets, program: Program::Client { session: Some(Box::new(client)), to: vec![to] } }
    }

    /// A client has a seat for each server that it calls.
    pub(super) fn add_server(&mut self, server: Endpoint) {
        if let (Program::Client { to, .. }, Some(session)) = (&mut self.program, self.seats.get(0).map(|s| s.session)) {
            to.push(server);
            self.seats.insert(Seat::new(session));
        }
    }

    /// Clients: whether the run list was played to its end. Servers never finish.
    pub(super) fn is_finished(&self) -> bool {
        match &self.program {
            Program::Server { .. } => true,
            Program::Client { session, .. } => session.as_ref().is_some_and(|session| session.is_finished()),
        }
    }

    pub(super) const fn is_client(&self) -> bool {
        matches!(self.program, Program::Client { .. })
    }
}

impl<O: Observer> Simulation<O> {
    pub(super) fn app_mut(&mut self, node: NodeId, app: u16) -> &mut App {
        &mut self.nodes[node.index()].apps[usize::from(app)]
    }

    pub(super) fn seat_mut(&mut self, node: NodeId, app: u16, seat: u32) -> Option<&mut Seat> {
        self.app_mut(node, app).seats.get_mut(seat)
    }

    /// The server's door.
    pub(super) fn listen_for_control(&mut self, node: NodeId, app: u16, port: u16) {
        let Some(ip) = self.topology.interfaces(node).iter().flat_map(|i| &i.addresses).next().map(|net| net.addr())
        else {
            return;
        };
        let id = self.next_socket();
        let local = Endpoint::new(ip, port);
        let owner = Owner { app, seat: u32::MAX, channel: Channel::Control };
        self.nodes[node.index()].stack.listen(Listener {
            id,
            local,
            name: None,
            owner,
            session: None,
            accepts: Accepts::Many,
            guests: Vec::new(),
        });
        self.tell(node, None, None, |_| Event::Socket {
            socket: id,
            action: SocketAction::Listen,
            local,
            remote: None,
            name: None,
        });
    }

    pub(super) fn start_client(&mut self, node: NodeId, app: u16) {
        // What comes of its call at once is told when the session is back in its place.
        self.telling = true;
        self.with_client(node, app, 0, None, |client, host| client.on_started(host));
        self.telling = false;
        self.run_deferred();
    }

    /// Opens a client's control connection, the first or another one.
    pub(super) fn call_server(&mut self, node: NodeId, app: u16, seat: u32, cause: Option<FrameId>) {
        let Program::Client { to, .. } = &self.app_mut(node, app).program else { return };
        let Some(&to) = to.get(seat as usize) else { return };
        let Some(session) = self.seat_mut(node, app, seat).map(|seat| seat.session) else { return };
        let ip = match self.routes.route(&self.topology, node, to.ip) {
            crate::network::Route::Via(i) | crate::network::Route::Nobody(i) => {
                self.topology.address_on(node, i, to.ip)
            }
            _ => self.topology.address_on(node, 0, to.ip),
        };
        let owner = Owner { app, seat, channel: Channel::Control };
        let (Some(ip), Some(port)) = (ip, self.ephemeral_port(node)) else {
            return self.tell_session(node, owner, None, Call::Failed(DataError::NetUnreachable), cause);
        };
        let local = Endpoint::new(ip, port);
        if let Some(seat) = self.seat_mut(node, app, seat) {
            (seat.local, seat.remote, seat.control) = (Some(local), Some(to), None);
        }
        // What comes of it at once is told when the seat knows its new connection.
        let telling = std::mem::replace(&mut self.telling, true);
        let handle = self.connect(node, (local, to), Some(PortName::Aa), (owner, session), cause);
        self.telling = telling;
        if let Some(seat) = self.seat_mut(node, app, seat) {
            seat.control = Some(handle);
        }
    }

    /// A port from Linux's range of ephemeral ports that nothing on the node uses.
    pub(super) fn ephemeral_port(&mut self, node: NodeId) -> Option<u16> {
        /// `net.ipv4.ip_local_port_range`.
        const RANGE: (u16, u16) = (32_768, 60_999);
        self.free_port(node, RANGE.0, RANGE.1)
    }

    /// A random port of `low..=high` that nothing on the node uses.
    pub(super) fn free_port(&mut self, node: NodeId, low: u16, high: u16) -> Option<u16> {
        let count = u32::from(high.checked_sub(low)?) + 1;
        let first = self.random_below(count);
        // From a random place on, the first free one.
        (0..count)
            .map(|i| low + ((first + i) % count) as u16)
            .find(|port| !self.nodes[node.index()].stack.in_use(*port))
    }

    /// Something happened to a socket: its session is told, now or when it is free.
    pub(super) fn call(&mut self, node: NodeId, owner: Owner, handle: Handle, call: Call, cause: Option<FrameId>) {
        self.deferred.push_back(Deferred { node, owner, handle: Some(handle), call, cause });
        self.run_deferred();
    }

    pub(super) fn tell_session(
        &mut self,
        node: NodeId,
        owner: Owner,
        handle: Option<Handle>,
        call: Call,
        cause: Option<FrameId>,
    ) {
        self.deferred.push_back(Deferred { node, owner, handle, call, cause });
        self.run_deferred();
    }

    /// A session never hears of something while it is still dealing with something else.
    pub(super) fn run_deferred(&mut self) {
        if std::mem::replace(&mut self.telling, true) {
            return;
        }
        while let Some(next) = self.deferred.pop_front() {
            if self.app_mut(next.node, next.owner.app).is_client() {
                self.tell_client(next);
            } else {
                self.tell_server(next);
            }
        }
        self.telling = false;
    }

    fn tell_client(&mut self, next: Deferred) {
        let Deferred { node, owner, handle, call, cause } = next;
        if !self.is_current(node, owner, handle, &call) {
            return;
        }
        if owner.seat > 0 {
            return self.with_client(node, owner.app, 0, cause, |client, host| match (owner.channel, call) {
                (Channel::Control, Call::Connected(_)) => client.on_second_connected(host),
                (Channel::Control, Call::Bytes(bytes)) => client.on_second_control(bytes, host),
                (Channel::Control, Call::PeerClosed) => client.on_second_closed(host),
                (Channel::Control, Call::Failed(error)) => client.on_second_failed(error, host),
                (_, Call::Timer(timer)) => client.on_second_timer(timer, host),
                // The servers have the data connection between them.
                (Channel::Control, Call::Done) | (Channel::Data, _) => {}
            });
        }
        self.with_client(node, owner.app, 0, cause, |client, host| match (owner.channel, call) {
            (Channel::Control, Call::Connected(_)) => client.on_connected(host),
            (Channel::Control, Call::Bytes(bytes)) => client.on_control(bytes, host),
            (Channel::Control, Call::PeerClosed) => client.on_control_closed(host),
            (Channel::Control, Call::Failed(error)) => client.on_control_failed(error, host),
            (Channel::Control, Call::Done) => {}
            (Channel::Data, Call::Connected(remote)) => client.on_data_connected(remote.into(), host),
            (Channel::Data, Call::Bytes(bytes)) => client.on_data(bytes, host),
            (Channel::Data, Call::PeerClosed) => client.on_data_closed(host),
            (Channel::Data, Call::Done) => client.on_data_done(host),
            (Channel::Data, Call::Failed(error)) => client.on_data_failed(error, host),
            (_, Call::Timer(timer)) => client.on_timer(timer, host),
        });
    }

    fn tell_server(&mut self, next: Deferred) {
        let Deferred { node, mut owner, handle, call, cause } = next;
        if owner.seat == u32::MAX {
            // Somebody came in by the control door: a new session gets a seat.
            let (Call::Connected(_), Some(handle)) = (&call, handle) else { return };
            owner.seat = self.seat_guest(node, owner.app, handle);
        }
        if !self.is_current(node, owner, handle, &call) {
            return;
        }
        let over = owner.channel == Channel::Control && matches!(call, Call::Done | Call::Failed(_));
        self.with_server(node, owner, cause, |session, server, host| match (owner.channel, call) {
            (Channel::Control, Call::Connected(_)) => session.on_connected(server, host),
            (Channel::Control, Call::Bytes(bytes)) => session.on_control(bytes, server, host),
            (Channel::Control, Call::PeerClosed) => session.on_control_closed(server, host),
            (Channel::Control, Call::Failed(error)) => session.on_control_failed(error, server, host),
            (Channel::Control, Call::Done) => {}
            (Channel::Data, Call::Connected(remote)) => session.on_data_connected(remote.into(), server, host),
            (Channel::Data, Call::Bytes(bytes)) => session.on_data(bytes, server, host),
            (Channel::Data, Call::PeerClosed) => session.on_data_closed(server, host),
            (Channel::Data, Call::Done) => session.on_data_done(server, host),
            (Channel::Data, Call::Failed(error)) => session.on_data_failed(error, server, host),
            (_, Call::Timer(timer)) => session.on_timer(timer, server, host),
        });
        if over {
            self.leave(node, owner);
        }
    }

    /// Whether the session still cares about this socket; a data listener's guest becomes its data connection here.
    fn is_current(&mut self, node: NodeId, owner: Owner, handle: Option<Handle>, call: &Call) -> bool {
        let Some(handle) = handle else { return true };
        let stays = self.keeps_listening(node, owner);
        let Some(seat) = self.seat_mut(node, owner.app, owner.seat) else { return false };
        match owner.channel {
            // A client may have opened another one meanwhile.
            Channel::Control => seat.control == Some(handle),
            Channel::Data => {
                // Whoever comes in by the listener takes the place of one that the session has left open.
                if matches!(call, Call::Connected(_)) && (seat.data.is_none() || seat.listener.is_some() && !stays) {
                    seat.data = Some(handle);
                    seat.listener = seat.listener.filter(|_| stays);
                }
                let current = seat.data == Some(handle);
                if current && matches!(call, Call::Done | Call::Failed(_)) {
                    seat.data = None;
                }
                current
            }
        }
    }

    /// Whether the session has a data listener that takes more than one connection.
    fn keeps_listening(&mut self, node: NodeId, owner: Owner) -> bool {
        let listener = self.seat_mut(node, owner.app, owner.seat).and_then(|seat| seat.listener);
        let stack = &self.nodes[node.index()].stack;
        listener.and_then(|handle| stack.listener_at(handle)).is_some_and(|it| it.accepts == Accepts::Many)
    }

    fn seat_guest(&mut self, node: NodeId, app: u16, handle: Handle) -> u32 {
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return u32::MAX };
        let (local, remote) = (socket.connection.local(), socket.connection.remote());
        let mut seat = Seat::new(socket.tag.session);
        (seat.control, seat.local, seat.remote) = (Some(handle), Some(local), Some(remote));
        let app_state = self.app_mut(node, app);
        let number = app_state.seats.insert(seat);
        if let Program::Server { sessions, .. } = &mut app_state.program {
            let index = number as usize;
            if sessions.len() <= index {
                sessions.resize_with(index + 1, || None);
            }
            sessions[index] = Some(Box::new(ServerSession::new()));
        }
        if let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) {
            socket.owner.seat = number;
        }
        number
    }

    /// The control connection of a server's session is gone: so is the session and what it had open.
    fn leave(&mut self, node: NodeId, owner: Owner) {
        let app = self.app_mut(node, owner.app);
        if let Program::Server { sessions, .. } = &mut app.program
            && sessions.get_mut(owner.seat as usize).and_then(Option::take).is_none()
        {
            return;
        }
        let seat = app.seats.take(owner.seat);
        if let Some(listener) = seat.listener {
            self.unlisten(node, listener, None);
        }
        // What the process still holds open is closed as it ends.
        if let Some(data) = seat.data
            && let Some(socket) = self.nodes[node.index()].stack.socket_mut(data)
        {
            let outcome = socket.connection.leave();
            let cause = socket.cause;
            self.took(node, data, outcome, cause);
        }
    }

    fn with_client(
        &mut self,
        node: NodeId,
        app: u16,
        seat: u32,
        cause: Option<FrameId>,
        tell: impl FnOnce(&mut ClientSession, &mut EngineHost<'_, O>),
    ) {
        let Program::Client { session, .. } = &mut self.app_mut(node, app).program else { return };
        let Some(mut client) = session.take() else { return };
        let mut host = EngineHost { simulation: self, node, app, seat, is_client: true, cause };
        tell(&mut client, &mut host);
        if let Program::Client { session, .. } = &mut self.app_mut(node, app).program {
            *session = Some(client);
        }
    }

    fn with_server(
        &mut self,
        node: NodeId,
        owner: Owner,
        cause: Option<FrameId>,
        tell: impl FnOnce(&mut ServerSession, &mut Server, &mut EngineHost<'_, O>),
    ) {
        let index = owner.seat as usize;
        let Program::Server { server, sessions } = &mut self.app_mut(node, owner.app).program else { return };
        let (Some(mut session), Some(mut taken)) = (sessions.get_mut(index).and_then(Option::take), server.take())
        else {
            return;
        };
        let mut host = EngineHost { simulation: self, node, app: owner.app, seat: owner.seat, is_client: false, cause };
        tell(&mut session, &mut taken, &mut host);
        if let Program::Server { server, sessions } = &mut self.app_mut(node, owner.app).program {
            *server = Some(taken);
            sessions[index] = Some(session);
        }
    }

    /// The tag of what a session's program does by itself: that of its control connection while there is one; before
    /// and after it still belongs to the session.
    pub(super) fn session_tag(&mut self, node: NodeId, app: u16, seat: u32) -> Option<Tag> {
        let seat = self.seat_mut(node, app, seat)?;
        let fallback = Tag { connection: None, session: seat.session, channel: Channel::Control };
        let socket = seat.control.and_then(|handle| self.nodes[node.index()].stack.socket(handle));
        Some(socket.map_or(fallback, |socket| socket.tag))
    }

    /// The tag of a session's data connection, while it has one.
    pub(super) fn data_tag(&mut self, node: NodeId, app: u16, seat: u32) -> Option<Tag> {
        let handle = self.seat_mut(node, app, seat)?.data?;
        self.nodes[node.index()].stack.socket(handle).map(|socket| socket.tag)
    }
}
