//! The FTP programs of a node, and what they are told.

use super::host::EngineHost;
use super::ports::PortCall;
use super::simulation::Simulation;
use super::slab::Slab;
use super::stack::{Handle, Listener, Owner};
use super::timers::SessionTimers;
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
    /// There is room again for what a write left.
    Writable,
    /// Our FIN is acknowledged.
    FinAcked,
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
pub(super) struct SessionSockets {
    pub(super) session: SessionId,
    pub(super) control: Option<Handle>,
    pub(super) local: Option<Endpoint>,
    pub(super) remote: Option<Endpoint>,
    pub(super) data: Option<Handle>,
    pub(super) listener: Option<Handle>,
    pub(super) timers: SessionTimers,
}

impl SessionSockets {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            control: None,
            local: None,
            remote: None,
            data: None,
            listener: None,
            timers: SessionTimers::default(),
        }
    }
}

/// A program on a node.
#[derive(Debug)]
pub(super) struct FtpProgram {
    pub(super) sessions: Slab<SessionSockets>,
    /// What it sets its sockets to.
    pub(super) sockets: SocketOptions,
    role: Role,
}

#[derive(Debug)]
enum Role {
    /// A server and its sessions, by slot. `None` while a session is being told something.
    Server { server: Option<Box<Server>>, sessions: Vec<Option<Box<ServerSession>>> },
    Client {
        session: Option<Box<ClientSession>>,
        /// The servers that it calls, by slot.
        to: Vec<Endpoint>,
    },
}

impl FtpProgram {
    pub(super) fn server(server: Server) -> Self {
        Self {
            sessions: Slab::default(),
            sockets: SocketOptions::default(),
            role: Role::Server { server: Some(Box::new(server)), sessions: Vec::new() },
        }
    }

    pub(super) fn client(client: ClientSession, session: SessionId, to: Endpoint) -> Self {
        let mut sessions = Slab::default();
        sessions.insert(SessionSockets::new(session));
        let sockets = client.socket_options();
        Self { sessions, sockets, role: Role::Client { session: Some(Box::new(client)), to: vec![to] } }
    }

    /// A client has a slot for each server that it calls.
    pub(super) fn add_server(&mut self, server: Endpoint) {
        if let (Role::Client { to, .. }, Some(session)) = (&mut self.role, self.sessions.get(0).map(|s| s.session)) {
            to.push(server);
            self.sessions.insert(SessionSockets::new(session));
        }
    }

    /// Clients: whether the run list was played to its end. Servers never finish.
    pub(super) fn is_finished(&self) -> bool {
        match &self.role {
            Role::Server { .. } => true,
            Role::Client { session, .. } => session.as_ref().is_some_and(|session| session.is_finished()),
        }
    }

    pub(super) const fn is_client(&self) -> bool {
        matches!(self.role, Role::Client { .. })
    }
}

impl<O: Observer> Simulation<O> {
    pub(super) fn program_mut(&mut self, node: NodeId, program: u16) -> &mut FtpProgram {
        &mut self.nodes[node.index()].programs[usize::from(program)]
    }

    pub(super) fn session_mut(&mut self, node: NodeId, program: u16, slot: u32) -> Option<&mut SessionSockets> {
        self.program_mut(node, program).sessions.get_mut(slot)
    }

    /// Opens the server's control port.
    pub(super) fn listen_for_control(&mut self, node: NodeId, program: u16, port: u16) {
        let Some(ip) = self.topology.interfaces(node).iter().flat_map(|i| &i.addresses).next().map(|net| net.addr())
        else {
            return;
        };
        let id = self.next_socket();
        let local = Endpoint::new(ip, port);
        let owner = Owner { program, slot: u32::MAX, channel: Channel::Control };
        self.nodes[node.index()].stack.listen(Listener {
            id,
            local,
            name: None,
            owner,
            session: None,
            accepts: Accepts::Many,
            pending: Vec::new(),
        });
        self.record(node, None, None, |_| Event::Socket {
            socket: id,
            action: SocketAction::Listen,
            local,
            remote: None,
            name: None,
        });
    }

    pub(super) fn start_client(&mut self, node: NodeId, program: u16) {
        // What comes of its call at once is told when the session is back in its place.
        self.notifying = true;
        self.with_client(node, program, 0, None, |client, host| client.on_started(host));
        self.notifying = false;
        self.run_deferred();
    }

    /// Opens a client's control connection, the first or another one.
    pub(super) fn call_server(&mut self, node: NodeId, program: u16, slot: u32, cause: Option<FrameId>) {
        let Role::Client { to, .. } = &self.program_mut(node, program).role else { return };
        let Some(&to) = to.get(slot as usize) else { return };
        let Some(session) = self.session_mut(node, program, slot).map(|sockets| sockets.session) else { return };
        let ip = match self.routes.route(&self.topology, node, to.ip) {
            crate::network::Route::Via(i) | crate::network::Route::Nobody(i) => {
                self.topology.address_on(node, i, to.ip)
            }
            _ => self.topology.address_on(node, 0, to.ip),
        };
        let owner = Owner { program, slot, channel: Channel::Control };
        let (Some(ip), Some(port)) = (ip, self.ephemeral_port(node, PortCall::Connect)) else {
            return self.notify_session(node, owner, None, Call::Failed(DataError::NetUnreachable), cause);
        };
        let local = Endpoint::new(ip, port);
        if let Some(sockets) = self.session_mut(node, program, slot) {
            (sockets.local, sockets.remote, sockets.control) = (Some(local), Some(to), None);
        }
        // What comes of it at once is told when the slot knows its new connection.
        let notifying = std::mem::replace(&mut self.notifying, true);
        let handle = self.connect(node, (local, to), Some(PortName::Aa), (owner, session), cause);
        self.notifying = notifying;
        if let Some(sockets) = self.session_mut(node, program, slot) {
            sockets.control = Some(handle);
        }
    }

    /// Something happened to a socket: its session is told, now or when it is free.
    pub(super) fn call(&mut self, node: NodeId, owner: Owner, handle: Handle, call: Call, cause: Option<FrameId>) {
        self.deferred.push_back(Deferred { node, owner, handle: Some(handle), call, cause });
        self.run_deferred();
    }

    pub(super) fn notify_session(
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
        if std::mem::replace(&mut self.notifying, true) {
            return;
        }
        while let Some(next) = self.deferred.pop_front() {
            if self.program_mut(next.node, next.owner.program).is_client() {
                self.notify_client(next);
            } else {
                self.notify_server(next);
            }
        }
        self.notifying = false;
    }

    fn notify_client(&mut self, next: Deferred) {
        let Deferred { node, owner, handle, call, cause } = next;
        if !self.is_current(node, owner, handle, &call) {
            return;
        }
        if owner.slot > 0 {
            return self.with_client(node, owner.program, 0, cause, |client, host| match (owner.channel, call) {
                (Channel::Control, Call::Connected(_)) => client.on_second_connected(host),
                (Channel::Control, Call::Bytes(bytes)) => client.on_second_control(bytes, host),
                (Channel::Control, Call::PeerClosed) => client.on_second_closed(host),
                (Channel::Control, Call::Failed(error)) => client.on_second_failed(error, host),
                (_, Call::Timer(timer)) => client.on_second_timer(timer, host),
                // The servers have the data connection between them.
                (Channel::Control, Call::Done | Call::FinAcked | Call::Writable) | (Channel::Data, _) => {}
            });
        }
        self.with_client(node, owner.program, 0, cause, |client, host| match (owner.channel, call) {
            (Channel::Control, Call::Connected(_)) => client.on_connected(host),
            (Channel::Control, Call::Bytes(bytes)) => client.on_control(bytes, host),
            (Channel::Control, Call::PeerClosed) => client.on_control_closed(host),
            (Channel::Control, Call::Failed(error)) => client.on_control_failed(error, host),
            (Channel::Control, Call::Done | Call::Writable) | (_, Call::FinAcked) => {}
            (Channel::Data, Call::Writable) => client.on_data_writable(host),
            (Channel::Data, Call::Connected(remote)) => client.on_data_connected(remote.into(), host),
            (Channel::Data, Call::Bytes(bytes)) => client.on_data(bytes, host),
            (Channel::Data, Call::PeerClosed) => client.on_data_closed(host),
            (Channel::Data, Call::Done) => client.on_data_done(host),
            (Channel::Data, Call::Failed(error)) => client.on_data_failed(error, host),
            (_, Call::Timer(timer)) => client.on_timer(timer, host),
        });
    }

    fn notify_server(&mut self, next: Deferred) {
        let Deferred { node, mut owner, handle, call, cause } = next;
        if owner.slot == u32::MAX {
            // A connection to the control port: a new session gets a slot.
            let (Call::Connected(_), Some(handle)) = (&call, handle) else { return };
            owner.slot = self.open_session(node, owner.program, handle);
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
            (Channel::Control, Call::Done | Call::Writable | Call::FinAcked) => {}
            (Channel::Data, Call::Writable) => session.on_data_writable(server, host),
            (Channel::Data, Call::FinAcked) => session.on_data_sent(server, host),
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

    /// Whether the session still cares about this socket; a data listener's pending becomes its data connection here.
    fn is_current(&mut self, node: NodeId, owner: Owner, handle: Option<Handle>, call: &Call) -> bool {
        let Some(handle) = handle else { return true };
        let stays = self.keeps_listening(node, owner);
        let Some(sockets) = self.session_mut(node, owner.program, owner.slot) else { return false };
        match owner.channel {
            // A client may have opened another one meanwhile.
            Channel::Control => sockets.control == Some(handle),
            Channel::Data => {
                // Whoever comes in by the listener takes the place of one that the session has left open.
                if matches!(call, Call::Connected(_))
                    && (sockets.data.is_none() || sockets.listener.is_some() && !stays)
                {
                    sockets.data = Some(handle);
                    sockets.listener = sockets.listener.filter(|_| stays);
                }
                let current = sockets.data == Some(handle);
                if current && matches!(call, Call::Done | Call::Failed(_)) {
                    sockets.data = None;
                }
                current
            }
        }
    }

    /// Whether the session has a data listener that takes more than one connection.
    fn keeps_listening(&mut self, node: NodeId, owner: Owner) -> bool {
        let sockets = self.session_mut(node, owner.program, owner.slot);
        let listener = sockets.and_then(|sockets| sockets.listener);
        let stack = &self.nodes[node.index()].stack;
        listener.and_then(|handle| stack.listener_at(handle)).is_some_and(|it| it.accepts == Accepts::Many)
    }

    fn open_session(&mut self, node: NodeId, program: u16, handle: Handle) -> u32 {
        let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) else { return u32::MAX };
        let (local, remote) = (socket.connection.local(), socket.connection.remote());
        let mut sockets = SessionSockets::new(socket.tag.session);
        (sockets.control, sockets.local, sockets.remote) = (Some(handle), Some(local), Some(remote));
        let program_state = self.program_mut(node, program);
        let number = program_state.sessions.insert(sockets);
        if let Role::Server { sessions, .. } = &mut program_state.role {
            let index = number as usize;
            if sessions.len() <= index {
                sessions.resize_with(index + 1, || None);
            }
            sessions[index] = Some(Box::new(ServerSession::new()));
        }
        if let Some(socket) = self.nodes[node.index()].stack.socket_mut(handle) {
            socket.owner.slot = number;
        }
        number
    }

    /// The control connection of a server's session is gone: so is the session and what it had open.
    fn leave(&mut self, node: NodeId, owner: Owner) {
        let program = self.program_mut(node, owner.program);
        if let Role::Server { sessions, .. } = &mut program.role
            && sessions.get_mut(owner.slot as usize).and_then(Option::take).is_none()
        {
            return;
        }
        let sockets = program.sessions.take(owner.slot);
        if let Some(listener) = sockets.listener {
            self.unlisten(node, listener, None);
        }
        // What the process still holds open is closed as it ends.
        let now = self.now;
        if let Some(data) = sockets.data
            && let Some(socket) = self.nodes[node.index()].stack.socket_mut(data)
        {
            let outcome = socket.connection.leave(now);
            let cause = socket.cause;
            self.apply(node, data, outcome, cause);
        }
    }

    fn with_client(
        &mut self,
        node: NodeId,
        program: u16,
        slot: u32,
        cause: Option<FrameId>,
        notify: impl FnOnce(&mut ClientSession, &mut EngineHost<'_, O>),
    ) {
        let Role::Client { session, .. } = &mut self.program_mut(node, program).role else { return };
        let Some(mut client) = session.take() else { return };
        let mut host = EngineHost { simulation: self, node, program, slot, is_client: true, cause };
        notify(&mut client, &mut host);
        if let Role::Client { session, .. } = &mut self.program_mut(node, program).role {
            *session = Some(client);
        }
    }

    fn with_server(
        &mut self,
        node: NodeId,
        owner: Owner,
        cause: Option<FrameId>,
        notify: impl FnOnce(&mut ServerSession, &mut Server, &mut EngineHost<'_, O>),
    ) {
        let index = owner.slot as usize;
        let Role::Server { server, sessions } = &mut self.program_mut(node, owner.program).role else { return };
        let (Some(mut session), Some(mut taken)) = (sessions.get_mut(index).and_then(Option::take), server.take())
        else {
            return;
        };
        let mut host =
            EngineHost { simulation: self, node, program: owner.program, slot: owner.slot, is_client: false, cause };
        notify(&mut session, &mut taken, &mut host);
        if let Role::Server { server, sessions } = &mut self.program_mut(node, owner.program).role {
            *server = Some(taken);
            sessions[index] = Some(session);
        }
    }

    /// The tag of what a session's program does by itself: that of its control connection while there is one; before
    /// and after it still belongs to the session.
    pub(super) fn session_tag(&mut self, node: NodeId, program: u16, slot: u32) -> Option<Tag> {
        let sockets = self.session_mut(node, program, slot)?;
        let fallback = Tag { connection: None, session: sockets.session, channel: Channel::Control };
        let socket = sockets.control.and_then(|handle| self.nodes[node.index()].stack.socket(handle));
        Some(socket.map_or(fallback, |socket| socket.tag))
    }

    /// The tag of a session's data connection, while it has one.
    pub(super) fn data_tag(&mut self, node: NodeId, program: u16, slot: u32) -> Option<Tag> {
        let handle = self.session_mut(node, program, slot)?.data?;
        self.nodes[node.index()].stack.socket(handle).map(|socket| socket.tag)
    }
}
