//! Packet filtering as netfilter does it: chains of rules at hooks, and connection tracking.
//!
//! Modelled: the five hooks, one filter chain each, the rule subset of [`rule`], connection tracking of TCP with
//! Linux's states and time-outs, ICMP errors as RELATED, entries that are confirmed only when their first packet got
//! through; NAT (source, destination, masquerade, redirect) decided by a connection's first packet; the FTP helper with
//! its expectations; windows (what lies outside of them is INVALID). Not yet: conntrack zones.
//!
//! | file | subject |
//! |---|---|
//! | `rule` | rules as values |
//! | `parse` | nftables text to rules |
//! | `chain` | rules in order, a policy, a verdict |
//! | `conntrack` | the table of connections |
//! | `nat` | translation of addresses and ports |
//! | `helper` | the FTP helper |
//! | `track_state` | the states of a tracked TCP connection |

mod chain;
mod conntrack;
mod helper;
mod nat;
mod parse;
mod rule;
mod track_state;
mod verdict;

pub use chain::{Chain, Decision, View};
pub use conntrack::{Change, Conntrack, Direction, Expectation, Expired, Fate, Helped, Told, Tracked, Tuple};
pub use nat::{Half, translate};
pub(crate) use parse::word_span;
pub use parse::{RuleError, parse_policy, parse_rule};
pub use rule::{
    Action, AddressSet, CtState, CtStatus, Family, Hook, Match, NatTarget, Policy, PortSet, Protocol, RejectWith, Rule,
    Test,
};
pub use track_state::TrackState;
pub use verdict::Verdict;

/// The firewall of one node.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    chains: [Option<Chain>; 5],
    nat: [Option<Chain>; 5],
    conntrack: Option<Conntrack>,
}

impl Firewall {
    /// Puts `chain` at `hook`. A rule that asks for a connection's state switches tracking on for the whole node, as
    /// on Linux.
    pub fn set_chain(&mut self, hook: Hook, chain: Chain) {
        if chain.needs_tracking() && self.conntrack.is_none() {
            self.conntrack = Some(Conntrack::default());
        }
        self.chains[hook as usize] = Some(chain);
    }

    /// Puts the NAT rules of `hook` in place; NAT needs tracking.
    pub fn set_nat(&mut self, hook: Hook, rules: Chain) {
        self.conntrack.get_or_insert_default().translates = true;
        self.nat[hook as usize] = Some(rules);
    }

    /// The NAT rules at `hook`, to count in.
    pub const fn nat_mut(&mut self, hook: Hook) -> Option<&mut Chain> {
        self.nat[hook as usize].as_mut()
    }

    /// The chain at `hook`.
    pub const fn chain(&self, hook: Hook) -> Option<&Chain> {
        self.chains[hook as usize].as_ref()
    }

    /// The chain at `hook`, to count in.
    pub const fn chain_mut(&mut self, hook: Hook) -> Option<&mut Chain> {
        self.chains[hook as usize].as_mut()
    }

    /// Connection tracking, where this node does it.
    pub const fn conntrack_mut(&mut self) -> Option<&mut Conntrack> {
        self.conntrack.as_mut()
    }
}
