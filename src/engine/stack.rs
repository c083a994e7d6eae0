//! The sockets, listeners and ports of one node.

use super::slab::Slab;
use crate::firewall::Tuple;
use crate::ftp::Accepts;
use crate::ids::{FrameId, SessionId, SocketId};
use crate::lookup::LookUp;
use crate::packet::{Channel, Endpoint, Tag};
use crate::tcp::Connection;
use crate::time::Instant;
use crate::trace::PortName;

/// Who is told what happens to a socket: a session of an FTP program, by its slot in the program's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) program: u16,
    pub(super) slot: u32,
    pub(super) channel: Channel,
}

/// One end of a TCP connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) id: SocketId,
    pub(super) connection: Connection,
    pub(super) tag: Tag,
    pub(super) owner: Owner,
    /// The frame that makes the socket send what it sends next.
    pub(super) cause: Option<FrameId>,
    /// The last frame of a packet that it sent: the cause of its timers.
    pub(super) last_sent: Option<FrameId>,
    /// When the connection was begun.
    pub(super) begun: Instant,
    /// When the engine will look at its timers; `NEVER` if it will not.
    pub(super) wakes: Instant,
    /// The listener that it came in by, until the handshake is complete.
    pub(super) listener: Option<Handle>,
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) id: SocketId,
    pub(super) local: Endpoint,
    pub(super) name: Option<PortName>,
    pub(super) owner: Owner,
    /// The session it was opened for; `None` for port 21, which everyone may use.
    pub(super) session: Option<SessionId>,
    /// How many connections it takes, if it is for data.
    pub(super) accepts: Accepts,
    /// Connections that began here and may still be in the handshake: the SYN queue.
    pub(super) pending: Vec<Handle>,
}

/// A place in the stack, with the id that must still be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) slot: u32,
    pub(super) id: SocketId,
}

/// A node's TCP.
#[derive(Debug, Default)]
pub(super) struct Stack {
    sockets: Slab<Socket>,
    listeners: Slab<Listener>,
    /// From this end to the far end.
    by_tuple: LookUp<Tuple, u32>,
    by_port: LookUp<u16, u32>,
    /// How many sockets and listeners use a port.
    ports: LookUp<u16, u32>,
}

impl Stack {
    pub(super) fn socket(&self, handle: Handle) -> Option<&Socket> {
        self.sockets.get(handle.slot).filter(|socket| socket.id == handle.id)
    }

    pub(super) fn socket_mut(&mut self, handle: Handle) -> Option<&mut Socket> {
        self.sockets.get_mut(handle.slot).filter(|socket| socket.id == handle.id)
    }

    pub(super) fn find(&self, local: Endpoint, remote: Endpoint) -> Option<Handle> {
        let slot = *self.by_tuple.get(&Tuple { from: local, to: remote })?;
        self.sockets.get(slot).map(|socket| Handle { slot, id: socket.id })
    }

    /// The listener that a SYN to `local` reaches. Programs open data listeners at the control connection's own address
    /// only; a control listener takes any of the node's.
    pub(super) fn listener(&self, local: Endpoint) -> Option<(u32, &Listener)> {
        let slot = *self.by_port.get(&local.port)?;
        let listener = self.listeners.get(slot)?;
        (listener.session.is_none() || listener.local.ip == local.ip).then_some((slot, listener))
    }

    /// A connection begins at this listener. Those whose handshake is complete by now leave the queue.
    pub(super) fn add_pending(&mut self, at: Handle, pending: Handle) {
        let sockets = &self.sockets;
        let waits = |handle: &Handle| {
            sockets.get(handle.slot).is_some_and(|socket| socket.id == handle.id && socket.listener.is_some())
        };
        if let Some(listener) = self.listeners.get_mut(at.slot).filter(|listener| listener.id == at.id) {
            if listener.pending.len() == listener.pending.capacity() {
                listener.pending.retain(waits);
            }
            listener.pending.push(pending);
        }
    }

    pub(super) fn listener_at(&self, handle: Handle) -> Option<&Listener> {
        self.listeners.get(handle.slot).filter(|listener| listener.id == handle.id)
    }

    pub(super) fn in_use(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    pub(super) fn insert(&mut self, socket: Socket) -> Handle {
        let (local, remote) = (socket.connection.local(), socket.connection.remote());
        *self.ports.entry(local.port) += 1;
        let id = socket.id;
        let slot = self.sockets.insert(socket);
        self.by_tuple.insert(Tuple { from: local, to: remote }, slot);
        Handle { slot, id }
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Socket> {
        self.socket(handle)?;
        let socket = self.sockets.take(handle.slot);
        let (local, remote) = (socket.connection.local(), socket.connection.remote());
        self.by_tuple.remove(&Tuple { from: local, to: remote });
        self.release(local.port);
        Some(socket)
    }

    pub(super) fn listen(&mut self, listener: Listener) -> Handle {
        let (id, port) = (listener.id, listener.local.port);
        *self.ports.entry(port) += 1;
        let slot = self.listeners.insert(listener);
        self.by_port.insert(port, slot);
        Handle { slot, id }
    }

    pub(super) fn unlisten(&mut self, handle: Handle) -> Option<Listener> {
        self.listener_at(handle)?;
        let listener = self.listeners.take(handle.slot);
        self.by_port.remove(&listener.local.port);
        self.release(listener.local.port);
        Some(listener)
    }

    fn release(&mut self, port: u16) {
        if let Some(users) = self.ports.get_mut(&port) {
            *users -= 1;
            if *users == 0 {
                self.ports.remove(&port);
            }
        }
    }
}
