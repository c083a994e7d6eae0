//! A scenario that has been checked: plain data, with ids as positions in its tables.

use super::Diagnostic;
use super::outcome::Outcome;
use crate::firewall::{Hook, Policy, Rule, Timeouts};
use crate::ftp::{Mode, ServerConfig, Software};
use crate::ids::RuleId;
use crate::network::{Faults, Hop};
use crate::tcp::SynRetries;
use crate::time::Duration;
use ipnet::IpNet;
use std::net::IpAddr;

/// A network, what happens on it, and what is expected of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// A few sentences for the gallery.
    pub about: Option<String>,
    /// The title in Simplified Chinese.
    pub title_zh: Option<String>,
    /// `about` in Simplified Chinese.
    pub about_zh: Option<String>,
    /// What all random choices begin with.
    pub seed: u64,
    /// How often a SYN is repeated.
    pub syn_retries: SynRetries,
    /// When the simulation is stopped.
    pub limits: Limits,
    /// All nodes, in order of first appearance in `links`.
    pub nodes: Vec<NodeSpec>,
    /// All links, in the order written.
    pub links: Vec<LinkSpec>,
    /// All sessions, in the order written. At least one.
    pub sessions: Vec<SessionSpec>,
    /// What must come of it.
    pub expects: Vec<ExpectSpec>,
    /// All rules and policies of the network; [`RuleId`] is the position here.
    pub rules: Vec<RuleSpec>,
    /// What is strange about the file without being wrong.
    pub warnings: Vec<Diagnostic>,
}

impl Scenario {
    /// The interface at the other end of an interface's link.
    pub fn far_end(&self, interface: &InterfaceSpec) -> Option<&InterfaceSpec> {
        let ends = self.links.get(interface.link)?.ends;
        let far = ends.iter().find(|end| end.node == interface.peer)?;
        self.nodes.get(far.node)?.interfaces.get(far.interface)
    }

    /// The same scenario with every session in `mode`.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        for session in &mut self.sessions {
            session.mode = mode;
        }
        self
    }

    /// The same scenario with other random choices.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The position of the node called `name`.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// The rule or policy `id`.
    pub fn rule(&self, id: RuleId) -> Option<&RuleSpec> {
        self.rules.get(id.index())
    }
}

/// Limits that keep a simulation finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simulated time.
    pub time: Duration,
    /// Number of frames.
    pub frames: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(3600), frames: 200_000 }
    }
}

/// A host, a router, a firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// Unique; also the name of its neighbours' interfaces towards it.
    pub name: String,
    /// In the order of the links.
    pub interfaces: Vec<InterfaceSpec>,
    /// Switched off: it answers nothing, not even ARP.
    pub down: bool,
    /// Whether it routes packets that are not for itself.
    pub forward: bool,
    /// Position of the interface that everything goes out of for which there is no better route.
    pub gateway: Option<usize>,
    /// Routes that go before those that are found: a network, and where it leads.
    pub routes: Vec<(IpNet, Hop)>,
    /// The FTP helper believes third-party addresses (`nf_conntrack_ftp loose=1`).
    pub loose_helper: bool,
    /// Connection tracking picks up connections that began before it looked (`nf_conntrack_tcp_loose`).
    pub loose_tracking: bool,
    /// How long connection tracking remembers connections (`nf_conntrack_tcp_timeout_*`).
    pub conntrack_timeouts: Timeouts,
    /// The firewall: the chains that the file has, at most one a hook, in hook order.
    pub chains: Vec<ChainSpec>,
    /// Chains that rules of the firewall jump to.
    pub named_chains: Vec<NamedChainSpec>,
    /// The FTP server that runs on it.
    pub ftp_server: Option<FtpServerSpec>,
}

/// A node's end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceSpec {
    /// The neighbour's name.
    pub name: String,
    /// Position of the link.
    pub link: usize,
    /// Position of the neighbour.
    pub peer: usize,
    /// Host addresses with the prefix length of the link's network: one IPv4, then one IPv6 where the scenario has IPv6.
    pub addresses: Vec<IpNet>,
}

/// A link between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// Both ends, in the order written.
    pub ends: [LinkEnd; 2],
    /// Propagation delay, one way.
    pub delay: Duration,
    /// Bits a second.
    pub bandwidth: u64,
    /// Room for waiting packets in each direction, in bytes.
    pub queue: u64,
    /// The longest IP packet, in bytes.
    pub mtu: u32,
    /// What goes wrong on it.
    pub faults: Faults,
}

/// Where a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkEnd {
    /// Position of the node.
    pub node: usize,
    /// Position among the node's interfaces.
    pub interface: usize,
}

/// The rules of one hook of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSpec {
    /// When it is consulted.
    pub hook: Hook,
    /// What happens to packets that no rule decided.
    pub policy: Policy,
    /// The policy's own entry in [`Scenario::rules`].
    pub policy_rule: RuleId,
    /// In the order they are tried.
    pub rules: Vec<RuleId>,
}

/// A chain that others jump to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedChainSpec {
    /// Its name.
    pub name: String,
    /// In the order they are tried.
    pub rules: Vec<RuleId>,
}

/// A rule or a policy, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// Position of the node.
    pub node: usize,
    /// The hook whose chain it is in; for a chain with a name, the first that leads to it.
    pub hook: Hook,
    /// The rule; `None` for a policy.
    pub rule: Option<Rule>,
    /// As the file has it, without surrounding blanks; `policy drop` for a policy.
    pub text: String,
    /// Line of the file, from 1. For a policy that is not written: the line of the chain's header.
    pub line: u32,
}

/// A file: its name with `/` between directories, and what is in it.
pub type File = (String, FileBody);

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileBody {
    /// This text.
    Text(String),
    /// So many bytes that do not matter.
    Size(u64),
}

impl FileBody {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Size(size) => *size,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An FTP server on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpServerSpec {
    /// Port of the control connection.
    pub port: u16,
    /// What it serves. [`ServerConfig::files`] gets them when the network is built.
    pub files: Vec<File>,
    /// Its settings.
    pub config: ServerConfig,
}

impl Default for FtpServerSpec {
    fn default() -> Self {
        Self { port: 21, files: Vec::new(), config: ServerConfig::default() }
    }
}

/// Whom a client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The node at this position.
    Node(usize),
    /// An address, which may be nobody's.
    Address(IpAddr),
}

/// What one FTP client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSpec {
    /// Position of the node it runs on.
    pub client: usize,
    /// Whom it calls.
    pub server: Target,
    /// The server's port.
    pub port: u16,
    /// The server that `fxp` copies to.
    pub second_server: Option<Target>,
    /// That server's port.
    pub second_port: u16,
    /// Whose habits it has.
    pub software: Software,
    /// How it arranges data connections.
    pub mode: Mode,
    /// Its commands, as written.
    pub run: Vec<String>,
    /// Login name; `None`: anonymous.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// When it starts, after the start of the simulation.
    pub start: Duration,
    /// How long it tries to connect; `None`: as long as TCP does.
    pub connect_timeout: Option<Duration>,
    /// How long it waits for a reply; `None`: the client's own default.
    pub reply_timeout: Option<Duration>,
    /// lftp: how often a command is tried; `None`: 2.
    pub max_retries: Option<u32>,
    /// lftp: how long after an attempt began the next one may begin; `None`: 1 s.
    pub reconnect_interval: Option<Duration>,
    /// Connect to the control connection's address whatever the reply to PASV names; `None`: the software's habit.
    pub ignore_passive_address: Option<bool>,
    /// Lowest and highest port for active data connections; `None`: any ephemeral port.
    pub active_ports: Option<(u16, u16)>,
    /// The address that PORT and EPRT name; `None`: the client's own.
    pub active_address: Option<IpAddr>,
    /// Whether the session must be protected by TLS.
    pub tls: bool,
    /// Local files, for `put`.
    pub files: Vec<File>,
}

/// What must come of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectSpec {
    /// An entry of a session's `run`.
    pub command: String,
    /// What must come of it.
    pub outcome: Outcome,
    /// Position of the node where it is decided.
    pub at: Option<usize>,
    /// Holds only for a run in this mode.
    pub mode: Option<Mode>,
    /// The reply code that the client gets.
    pub reply: Option<u16>,
    /// Position of the session; `None`: every session that runs the command.
    pub session: Option<usize>,
    /// The text of the rule that decides, or `policy`.
    pub rule: Option<String>,
    /// Line of the file, from 1.
    pub line: u32,
}
