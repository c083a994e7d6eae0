//! Packet filtering as netfilter does it: chains of rules at hooks, and connection tracking.
//!
//! Modelled: the five hooks, one filter chain each and chains to jump to, the rule subset of `rule`, tracking of TCP with
//! Linux's states and time-outs, ICMP errors as RELATED, entries that are confirmed only when their first packet got
//! through; NAT (source, destination, masquerade, redirect) decided by a connection's first packet; the FTP helper with
//! its expectations; windows (what lies outside of them is INVALID). Not yet: conntrack zones.
//!
//! | file | subject |
//! |---|---|
//! | `hook` | the five hooks |
//! | `ct` | the words of connection tracking |
//! | `rule` | rules as values |
//! | `parse` | nftables text to rules |
//! | `chain` | rules in order, a policy, a verdict |
//! | `verdict` | what a chain decides |
//! | `conntrack` | the table of connections |
//! | `nat` | translation of addresses and ports |
//! | `helper` | the FTP helper |
//! | `limit` | rates |
//! | `timeouts` | how long connection tracking remembers TCP connections |
//! | `track_state` | the states of a tracked TCP connection |

mod chain;
mod conntrack;
mod ct;
mod helper;
mod hook;
mod limit;
mod nat;
mod parse;
mod rule;
mod timeouts;
mod track_state;
mod verdict;

pub use chain::{Chain, DEEPEST_JUMP, Decision, PacketContext, Resolver};
pub use conntrack::{Change, Conntrack, Expectation, Expired, Fate, Helped, TableEvent, Tracked, Tuple};
pub use ct::{CtState, CtStatus, Direction, Half};
pub use helper::{Announcement, announcement};
pub use hook::Hook;
pub use limit::Limit;
pub use nat::translate;
pub use parse::{RuleError, parse_policy, parse_rule};
pub(crate) use parse::{is_reserved, plain_text, word_span};
pub use rule::{Action, AddressSet, EndSet, Family, Match, NatTarget, Policy, PortSet, RejectWith, Rule, Test};
pub use timeouts::Timeouts;
pub use track_state::TrackState;
pub use verdict::Verdict;

/// The firewall of one node.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    chains: [Option<Chain>; 5],
    nat: [Option<Chain>; 5],
    /// Rules that are asked before connection tracking.
    raw: [Option<Chain>; 5],
    named: Vec<Chain>,
    conntrack: Option<Conntrack>,
}

impl Firewall {
    /// Puts `chain` at `hook`. A rule that asks for a connection's state switches tracking on for the whole node, as
    /// on Linux.
    pub fn set_chain(&mut self, hook: Hook, chain: Chain) {
        self.track_for(&chain);
        self.chains[hook as usize] = Some(chain);
    }

    /// Adds a chain that others jump to.
    pub fn add_chain(&mut self, chain: Chain) {
        self.track_for(&chain);
        self.named.push(chain);
    }

    fn track_for(&mut self, chain: &Chain) {
        if chain.needs_tracking() && self.conntrack.is_none() {
            self.conntrack = Some(Conntrack::default());
        }
    }

    /// Puts the NAT rules of `hook` in place; NAT needs tracking.
    pub fn set_nat(&mut self, hook: Hook, rules: Chain) {
        self.conntrack.get_or_insert_default().translates = true;
        self.nat[hook as usize] = Some(rules);
    }

    /// Puts the rules of `hook` in place that exempt packets from tracking.
    pub fn set_raw(&mut self, hook: Hook, rules: Chain) {
        self.track_for(&rules);
        self.raw[hook as usize] = Some(rules);
    }

    /// The NAT rules at `hook`, to count in.
    pub const fn nat_mut(&mut self, hook: Hook) -> Option<&mut Chain> {
        self.nat[hook as usize].as_mut()
    }

    /// The rules at `hook` that exempt from tracking, to count in.
    pub const fn raw_mut(&mut self, hook: Hook) -> Option<&mut Chain> {
        self.raw[hook as usize].as_mut()
    }

    /// Shows a packet to the chain at `hook`, if there is one.
    pub fn decide(&mut self, hook: Hook, context: PacketContext<'_>) -> Option<Decision> {
        Some(self.chains[hook as usize].as_mut()?.decide(&mut self.named, context))
    }

    /// Connection tracking, where this node does it.
    pub const fn conntrack_mut(&mut self) -> Option<&mut Conntrack> {
        self.conntrack.as_mut()
    }
}
