//! The state of a simulation, its clock and its loop.

use super::programs::{Deferred, FtpProgram};
use super::queue::{Queue, What};
use super::slab::Slab;
use super::stack::{Handle, Stack};
use super::walk::Resolving;
use crate::firewall::{Conntrack, Firewall, Tracked};
use crate::ftp;
use crate::ids::{ConnectionId, FrameId, NodeId, PacketId, SessionId, SocketId};
use crate::network::{LOOPBACK, Routes, Topology};
use crate::packet::{Endpoint, Packet, Tag};
use crate::tcp;
use crate::time::Instant;
use crate::trace::{Event, Frame, Observer};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use thiserror::Error;

/// What a run may use up. Hitting one is an error that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simulated time.
    pub time: Instant,
    /// Recorded frames.
    pub frames: usize,
    /// Events handled.
    pub events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Instant::from_nanos(24 * 3_600_000_000_000), frames: 1_000_000, events: 200_000_000 }
    }
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LimitReached {
    /// The simulated time is used up.
    #[error("the run reached its limit of simulated time, {0} s")]
    Time(Instant),
    /// So many frames were recorded.
    #[error("the run reached its limit of {0} frames")]
    Frames(usize),
    /// So many events were handled.
    #[error("the run reached its limit of {0} events")]
    Events(u64),
}

/// A node's moving parts; its place in the network is in the [`Topology`].
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) down: bool,
    pub(super) firewall: Option<Box<Firewall>>,
    pub(super) stack: Stack,
    pub(super) programs: Vec<FtpProgram>,
    pub(super) resolving: Vec<Resolving>,
}

impl Node {
    /// Its connection tracking, if it tracks.
    pub(super) fn conntrack_mut(&mut self) -> Option<&mut Conntrack> {
        self.firewall.as_mut()?.conntrack_mut()
    }
}

/// The next unused numbers.
#[derive(Debug, Default)]
struct Counters {
    packet: u32,
    socket: u32,
    connection: u32,
    ticket: u32,
}

/// A network, what runs on it, and the events to come.
#[derive(Debug)]
pub struct Simulation<O> {
    pub(super) now: Instant,
    pub(super) observer: O,
    pub(super) queue: Queue,
    pub(super) topology: Topology,
    pub(super) routes: Routes,
    pub(super) nodes: Vec<Node>,
    pub(super) in_flight: Slab<Packet>,
    /// Packets on their way from a node to itself, with what tracking knows of them: they are tracked once.
    pub(super) looped: Slab<(Packet, Option<Tracked>)>,
    pub(super) tcp: tcp::Config,
    /// What sessions are to be told next, and whether one is being told something now.
    pub(super) deferred: VecDeque<Deferred>,
    pub(super) notifying: bool,
    /// Nothing in the connection tracking tables expires before this.
    pub(super) next_expiry: Instant,
    rng: Xoshiro256PlusPlus,
    counters: Counters,
    events: u64,
    hops: u64,
}

impl<O: Observer> Simulation<O> {
    /// A network at rest.
    pub fn new(topology: Topology, seed: u64, tcp: tcp::Config, observer: O) -> Self {
        Self {
            now: Instant::START,
            observer,
            queue: Queue::default(),
            routes: Routes::new(&topology),
            nodes: topology.nodes().map(|_| Node::default()).collect(),
            topology,
            in_flight: Slab::default(),
            looped: Slab::default(),
            tcp,
            deferred: VecDeque::new(),
            notifying: false,
            next_expiry: Instant::NEVER,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            counters: Counters::default(),
            events: 0,
            hops: 0,
        }
    }

    /// Gives a node a firewall.
    pub fn set_firewall(&mut self, node: NodeId, firewall: Firewall) {
        self.nodes[node.index()].firewall = Some(Box::new(firewall));
    }

    /// Switches a node off: it answers nothing, not even address resolution.
    pub fn set_down(&mut self, node: NodeId) {
        self.nodes[node.index()].down = true;
    }

    /// Runs an FTP server on a node and listens at `port`.
    pub fn add_server(&mut self, node: NodeId, port: u16, server: ftp::Server) {
        let program = self.nodes[node.index()].programs.len() as u16;
        self.nodes[node.index()].programs.push(FtpProgram::server(server));
        self.listen_for_control(node, program, port);
    }

    /// Runs an FTP client on a node, which begins at `start`.
    pub fn add_client(
        &mut self,
        node: NodeId,
        session: SessionId,
        to: Endpoint,
        start: Instant,
        client: ftp::ClientSession,
    ) {
        let program = self.nodes[node.index()].programs.len() as u16;
        self.nodes[node.index()].programs.push(FtpProgram::client(client, session, to));
        self.queue.push(start, What::Start { node, program });
    }

    /// A packet made by hand arrives at an interface of `node`, as if its neighbour had sent it.
    pub fn inject(&mut self, at: Instant, node: NodeId, interface: u16, packet: Packet) {
        let id = self.next_packet();
        let slot = self.in_flight.insert(Packet { id, last_frame: None, ..packet });
        self.queue.push(at, What::Arrive { packet: slot, node, interface });
    }

    /// Tells the client that was added to a node last which server files are copied to (FXP).
    pub fn set_second_server(&mut self, node: NodeId, to: Endpoint) {
        if let Some(program) = self.nodes[node.index()].programs.last_mut() {
            program.add_server(to);
        }
    }

    /// Runs until nothing is left to happen.
    pub fn run(&mut self, limits: Limits) -> Result<(), LimitReached> {
        while let Some(at) = self.queue.next_at() {
            if at > limits.time {
                // What was called off still lies in the queue; it does not keep a run from being over.
                match self.queue.pop() {
                    Some((at, what)) if self.is_live(at, what) => return Err(LimitReached::Time(limits.time)),
                    _ => continue,
                }
            }
            if self.events >= limits.events {
                return Err(LimitReached::Events(limits.events));
            }
            if O::RECORDS && self.observer.count() > limits.frames {
                return Err(LimitReached::Frames(limits.frames));
            }
            self.step();
        }
        Ok(())
    }

    /// Whether an event will do anything: timers that were stopped stay in the queue until their time.
    fn is_live(&self, at: Instant, what: What) -> bool {
        match what {
            What::Arrive { .. } | What::Loopback { .. } | What::Start { .. } | What::Neighbour { .. } => true,
            What::Tcp { node, slot, socket } => {
                let socket = self.nodes[node.index()].stack.socket(Handle { slot, id: socket });
                socket.is_some_and(|socket| socket.wakes == at && socket.connection.next_deadline().is_some())
            }
            What::Ftp { node, program, slot, timer } => {
                let sockets = self.nodes[node.index()].programs[usize::from(program)].sessions.get(slot);
                sockets.is_some_and(|sockets| {
                    let running = &sockets.timers[timer];
                    running.wakes == at && running.deadline != Instant::NEVER
                })
            }
        }
    }

    fn step(&mut self) {
        let Some((at, what)) = self.queue.pop() else { return };
        debug_assert!(at >= self.now, "time goes forward");
        self.now = at;
        self.events += 1;
        match what {
            What::Arrive { packet, node, interface } => {
                self.hops += 1;
                let packet = self.in_flight.take(packet);
                self.arrive(node, interface, packet);
            }
            What::Loopback { packet, node } => {
                let (packet, tracked) = self.looped.take(packet);
                self.walk_in(node, Some(LOOPBACK), packet, tracked);
            }
            What::Tcp { node, slot, socket } => self.tcp_timer(node, slot, socket),
            What::Ftp { node, program, slot, timer } => self.ftp_timer(node, program, slot, timer),
            What::Start { node, program } => self.start_client(node, program),
            What::Neighbour { node, ticket } => self.neighbour_failed(node, ticket),
        }
    }

    /// The observer, with what it recorded.
    pub fn into_observer(self) -> O {
        self.observer
    }

    /// Packets that arrived at the end of a link so far.
    pub const fn hops(&self) -> u64 {
        self.hops
    }

    /// Events handled so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The simulated time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Whether every FTP client has played its run list to the end.
    pub fn clients_finished(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.programs).all(FtpProgram::is_finished)
    }

    /// Records a frame, if somebody records. `event` is not even made otherwise.
    pub(super) fn record(
        &mut self,
        node: NodeId,
        cause: Option<FrameId>,
        tag: Option<Tag>,
        event: impl FnOnce(&mut O) -> Event,
    ) -> Option<FrameId> {
        if !O::RECORDS {
            return None;
        }
        self.forget_expired();
        let event = event(&mut self.observer);
        self.observer.frame(Frame { at: self.now, node, cause, tag, event })
    }

    pub(super) fn next_packet(&mut self) -> PacketId {
        PacketId(take_next(&mut self.counters.packet))
    }
    pub(super) fn next_socket(&mut self) -> SocketId {
        SocketId(take_next(&mut self.counters.socket))
    }
    pub(super) fn next_connection(&mut self) -> ConnectionId {
        ConnectionId(take_next(&mut self.counters.connection))
    }
    pub(super) fn next_ticket(&mut self) -> u32 {
        take_next(&mut self.counters.ticket)
    }

    /// A random number below `bound`, by multiplication: the same on every platform and in every version of the
    /// random number library.
    pub(super) fn random_below(&mut self, bound: u32) -> u32 {
        (((self.rng.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A random 32-bit number, for initial sequence numbers.
    pub(super) fn random(&mut self) -> u32 {
        (self.rng.next_u64() >> 32) as u32
    }
}

const fn take_next(counter: &mut u32) -> u32 {
    let next = *counter;
    *counter += 1;
    next
}
