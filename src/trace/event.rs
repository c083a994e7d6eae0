//! The vocabulary of what can happen: one frame is one event at one node at one instant.

use crate::firewall::{CtState, Hook, TrackState, Verdict};
use crate::ftp::{CommandResult, DataError, Mode};
use crate::ids::{EntryId, FrameId, LinkId, NodeId, RuleId, SocketId};
use crate::packet::{Endpoint, Tag};
use crate::tcp::{State, TimerKind};
use crate::time::{Duration, Instant};
use std::net::IpAddr;

/// Something happened, at one node, at one instant, because of one earlier frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When.
    pub at: Instant,
    /// Where.
    pub node: NodeId,
    /// Because of what: recorded by the engine when it happened. `None` for what the scenario itself starts.
    pub cause: Option<FrameId>,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
    /// What.
    pub event: Event,
}

/// A packet as it looked at one point of its way: an index into [`super::Trace::packets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketRef(pub u32);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node put a packet on a link; it arrives at `to` at `arrives`.
    Sent {
        /// The packet.
        packet: PacketRef,
        /// The link it travels on.
        link: LinkId,
        /// The node at the far end.
        to: NodeId,
        /// When its last bit arrives there.
        arrives: Instant,
    },
    /// A packet arrived whole from a link.
    Received {
        /// The packet.
        packet: PacketRef,
        /// The link it came on.
        link: LinkId,
    },
    /// A packet came to its end without any firewall's doing.
    Lost {
        /// The packet.
        packet: PacketRef,
        /// Why.
        reason: Loss,
    },
    /// A firewall chain decided.
    Verdict {
        /// The packet.
        packet: PacketRef,
        /// The chain's hook.
        hook: Hook,
        /// What connection tracking thinks of the packet; `None` where the node does not track.
        ct_state: Option<CtState>,
        /// The decision.
        verdict: Verdict,
        /// The rule or the policy that decided.
        rule: RuleId,
        /// Rules without a verdict that matched on the way (they count too).
        passed: Vec<RuleId>,
    },
    /// NAT or a helper has rewritten a packet.
    Translated {
        /// The packet as it was.
        before: PacketRef,
        /// The packet as it is now.
        packet: PacketRef,
        /// Where.
        hook: Hook,
        /// The NAT rule that decided, for the first packet of a connection.
        rule: Option<RuleId>,
    },
    /// A helper expects a connection, or does so no longer.
    Expectation {
        /// What became of it.
        action: ExpectationAction,
        /// Who will knock, from any port.
        from: IpAddr,
        /// At which door, as the knocker sees it.
        to: Endpoint,
        /// Where the door really is.
        door: Endpoint,
    },
    /// A connection tracking entry was made, changed or forgotten.
    Conntrack {
        /// The entry.
        entry: EntryId,
        /// Where the first packet came from.
        from: Endpoint,
        /// Where the first packet went to.
        to: Endpoint,
        /// Source and destination of the answers: the reverse, unless NAT has changed it.
        reply: (Endpoint, Endpoint),
        /// The state of the tracked connection; `None`: the entry is gone.
        state: Option<TrackState>,
        /// Whether a packet of the other direction was seen.
        replied: bool,
        /// Whether the handshake was seen to its end (conntrack's `[ASSURED]`).
        assured: bool,
    },
    /// A socket was opened or closed.
    Socket {
        /// The socket.
        socket: SocketId,
        /// What was done with it.
        action: SocketAction,
        /// This end.
        local: Endpoint,
        /// The far end; `None` for a listener.
        remote: Option<Endpoint>,
        /// The name that teaching texts give to the local port.
        name: Option<PortName>,
    },
    /// A TCP connection changed its state.
    TcpState {
        /// The socket.
        socket: SocketId,
        /// This end.
        local: Endpoint,
        /// The far end.
        remote: Endpoint,
        /// The old state.
        from: State,
        /// The new state.
        to: State,
    },
    /// A timer ran out.
    Timer {
        /// Which.
        timer: Timer,
        /// The socket, for TCP's timers.
        socket: Option<SocketId>,
        /// How often it has run out in a row, from 1.
        attempt: u32,
        /// How long it ran.
        after: Duration,
    },
    /// An FTP command left the client (`Sent`) or reached the server whole (`Seen`).
    FtpCommand {
        /// Which end.
        side: Side,
        /// `PORT`
        verb: String,
        /// `192,168,1,10,195,80`; passwords are kept as they are: nothing here is secret.
        argument: String,
    },
    /// An FTP reply left the server (`Sent`) or reached the client whole (`Seen`).
    FtpReply {
        /// Which end.
        side: Side,
        /// `227`
        code: u16,
        /// The text, a line each for a multi-line reply, without codes.
        lines: Vec<String>,
    },
    /// A transfer began or ended, as the client sees it.
    Transfer {
        /// `LIST`, `NLST`, `RETR`, `STOR`.
        command: String,
        /// How its data connection is arranged.
        mode: Mode,
        /// `None`: it begins. Else what became of it.
        result: Option<CommandResult>,
        /// Bytes that crossed the data connection.
        bytes: u64,
    },
    /// The client began or finished a command of its run list (`ls`, not yet `LIST`).
    Command {
        /// Position in the run list, from 0.
        index: u32,
        /// The command, as the scenario has it.
        run: String,
        /// `None`: it begins. Else what became of it.
        result: Option<CommandResult>,
    },
}

/// What became of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpectationAction {
    /// It was made.
    Made,
    /// The connection has come, and used it up.
    Used,
    /// A later announcement on the same control connection has taken its place.
    Replaced,
    /// Nobody came in time, or the control connection is forgotten.
    Expired,
}

impl ExpectationAction {
    /// The name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Used => "used",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
        }
    }
}

/// Which end of an FTP line a frame tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that wrote it.
    Sent,
    /// The end that read it.
    Seen,
}

/// Why a packet ended without a firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The link's queue was full.
    QueueFull,
    /// The node has no route to the destination.
    NoRoute,
    /// The node's route to it is a black hole.
    Blackhole,
    /// The node's route says that there is no such host.
    UnreachableRoute,
    /// The node's route says that it is forbidden.
    ProhibitedRoute,
    /// Nobody on the last link answers for the address (ARP or neighbour discovery failed).
    NoNeighbour,
    /// It came in by a link with an address that no packet there can have: loopback, multicast, broadcast.
    Martian,
    /// The TTL ran out.
    TtlExpired,
    /// A host that is not a router was given somebody else's packet.
    NotForwarding,
    /// The FTP helper found a command that is cut off at the segment's end, and cannot follow it.
    CutCommand,
    /// NAT has no port left that tells its connection from another one (conntrack's `insert_failed`).
    Clash,
    /// The link lost it, as links do.
    LineLoss,
    /// The link was cut while the packet was on it.
    LinkDown,
    /// It is larger than the next link takes (RFC 1191, RFC 8201).
    TooLarge,
}

impl Loss {
    /// The name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue full",
            Self::NoRoute => "no route",
            Self::Blackhole => "blackhole",
            Self::UnreachableRoute => "unreachable route",
            Self::ProhibitedRoute => "prohibited route",
            Self::NoNeighbour => "no neighbour",
            Self::Martian => "martian",
            Self::TtlExpired => "ttl expired",
            Self::NotForwarding => "not forwarding",
            Self::CutCommand => "cut command",
            Self::Clash => "clash",
            Self::LineLoss => "line loss",
            Self::LinkDown => "link down",
            Self::TooLarge => "too large",
        }
    }
}

/// What was done with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketAction {
    /// A listener was opened: a door.
    Listen,
    /// A listener was closed.
    Unlisten,
    /// A connection was begun from here: this end knocks.
    Connect,
    /// A SYN reached a listener: a connection begun by the far end.
    Accept,
    /// The connection is over and its port free.
    Closed,
    /// The connection could not be made or broke.
    Failed(DataError),
}

impl SocketAction {
    /// The name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Unlisten => "unlisten",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Closed => "closed",
            Self::Failed(_) => "failed",
        }
    }
}

/// The names that teaching texts give to ports which are picked at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortName {
    /// The client's end of the control connection.
    Aa,
    /// The client's end of the data connection.
    Bb,
    /// The server's passive port.
    Pasv,
}

impl PortName {
    /// `AA`, `BB`, `PASV`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aa => "AA",
            Self::Bb => "BB",
            Self::Pasv => "PASV",
        }
    }
}

/// A timer that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// One of TCP's.
    Tcp(TimerKind),
    /// One of the FTP program's.
    Ftp(crate::ftp::FtpTimer),
    /// Address resolution on the last link.
    Neighbour,
}
