//! A chain: rules in order, first verdict wins, and a policy for what no rule decided.

use super::rule::{Action, CtState, CtStatus, Family, Match, NatTarget, Policy, PortSet, Protocol, Rule, Test};
use super::verdict::Verdict;
use crate::ids::RuleId;
use crate::packet::{Body, Packet};
use std::net::IpAddr;

/// What a chain gets to see of a packet.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The packet.
    pub packet: &'a Packet,
    /// The interface it came in on, by number.
    pub input: Option<u16>,
    /// The interface it will leave by, by number.
    pub output: Option<u16>,
    /// What connection tracking thinks of it.
    pub ct_state: Option<CtState>,
    /// What NAT does to its connection.
    pub ct_status: CtStatus,
}

/// What a chain decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The fate of the packet.
    pub verdict: Verdict,
    /// The rule that decided, or the policy.
    pub rule: RuleId,
    /// Rules without a verdict that matched before.
    pub passed: Vec<RuleId>,
    /// Whether a rule on the way attached the FTP helper.
    pub sets_helper: bool,
}

/// A condition as packets are held against it: interface names are numbers, sets of states are bits, and what most rules
/// ask for needs no look elsewhere in memory.
#[derive(Clone, Debug)]
enum Condition {
    Input {
        among: Vec<u16>,
        negated: bool,
    },
    Output {
        among: Vec<u16>,
        negated: bool,
    },
    /// A bit for each [`CtState`].
    State {
        among: u8,
        negated: bool,
    },
    /// One range of destination ports.
    DestinationPort {
        low: u16,
        high: u16,
        negated: bool,
    },
    Other(Box<Match>),
}

#[derive(Clone, Debug)]
struct Entry {
    id: RuleId,
    conditions: Vec<Condition>,
    action: Option<Action>,
    sets_helper: bool,
    packets: u64,
    bytes: u64,
}

/// The chain of one hook.
#[derive(Clone, Debug)]
pub struct Chain {
    entries: Vec<Entry>,
    policy: Policy,
    policy_id: RuleId,
    needs_tracking: bool,
}

impl Chain {
    /// A chain without rules.
    pub const fn new(policy: Policy, policy_id: RuleId) -> Self {
        Self { entries: Vec::new(), policy, policy_id, needs_tracking: false }
    }

    /// Appends a rule. `interface` gives the number of an interface by its name; a name it does not know matches
    /// nothing.
    pub fn push(&mut self, id: RuleId, rule: &Rule, interface: impl Fn(&str) -> Option<u16>) {
        let resolve = |names: &[String]| names.iter().filter_map(|name| interface(name)).collect();
        let conditions = rule
            .matches
            .iter()
            .map(|m| match &m.test {
                Test::InInterface(names) => Condition::Input { among: resolve(names), negated: m.negated },
                Test::OutInterface(names) => Condition::Output { among: resolve(names), negated: m.negated },
                Test::CtState(states) => {
                    let among = states.iter().fold(0, |bits, state| bits | 1 << *state as u8);
                    Condition::State { among, negated: m.negated }
                }
                Test::DestinationPort(PortSet(ranges)) if ranges.len() == 1 => {
                    Condition::DestinationPort { low: ranges[0].0, high: ranges[0].1, negated: m.negated }
                }
                _ => Condition::Other(Box::new(m.clone())),
            })
            .collect();
        self.needs_tracking |= rule.sets_helper
            || matches!(rule.action, Some(Action::Nat(_)))
            || rule.matches.iter().any(|m| matches!(m.test, Test::CtState(_) | Test::CtStatus(_)));
        let (action, sets_helper) = (rule.action, rule.sets_helper);
        self.entries.push(Entry { id, conditions, action, sets_helper, packets: 0, bytes: 0 });
    }

    /// Whether a rule asks for the state of connections.
    pub const fn needs_tracking(&self) -> bool {
        self.needs_tracking
    }

    /// Packets and bytes that each rule matched so far.
    pub fn counters(&self) -> impl Iterator<Item = (RuleId, u64, u64)> {
        self.entries.iter().map(|entry| (entry.id, entry.packets, entry.bytes))
    }

    /// Shows a packet to the rules, in order, and counts.
    pub fn decide(&mut self, view: View<'_>) -> Decision {
        let mut passed = Vec::new();
        let mut sets_helper = false;
        for entry in &mut self.entries {
            if !entry.conditions.iter().all(|condition| condition.holds(view)) {
                continue;
            }
            entry.packets += 1;
            entry.bytes += u64::from(view.packet.ip_len());
            sets_helper |= entry.sets_helper;
            let verdict = match entry.action {
                // NAT rules have chains of their own.
                None | Some(Action::Nat(_)) => {
                    passed.push(entry.id);
                    continue;
                }
                Some(Action::Accept) => Verdict::Accept,
                Some(Action::Drop) => Verdict::Drop,
                Some(Action::Reject(with)) => Verdict::Reject(with),
            };
            return Decision { verdict, rule: entry.id, passed, sets_helper };
        }
        let verdict = match self.policy {
            Policy::Accept => Verdict::Accept,
            Policy::Drop => Verdict::Drop,
        };
        Decision { verdict, rule: self.policy_id, passed, sets_helper }
    }

    /// Shows the first packet of a connection to the NAT rules: the first that matches decides.
    pub fn translation(&mut self, view: View<'_>) -> Option<(RuleId, NatTarget)> {
        self.entries.iter_mut().find_map(|entry| {
            let Some(Action::Nat(target)) = entry.action else { return None };
            // nft puts the family of the address before the rule: `snat ip6 to` sees no IPv4 packet.
            if target.address().is_some_and(|address| address.is_ipv4() != view.packet.src.is_ipv4()) {
                return None;
            }
            if !entry.conditions.iter().all(|condition| condition.holds(view)) {
                return None;
            }
            entry.packets += 1;
            entry.bytes += u64::from(view.packet.ip_len());
            Some((entry.id, target))
        })
    }
}

impl Condition {
    fn holds(&self, view: View<'_>) -> bool {
        match self {
            Self::Input { among, negated } => interface_matches(view.input, among, *negated),
            Self::Output { among, negated } => interface_matches(view.output, among, *negated),
            Self::State { among, negated } => {
                view.ct_state.is_some_and(|state| (among & 1 << state as u8 != 0) != *negated)
            }
            Self::DestinationPort { low, high, negated } => {
                view.packet.tcp().is_some_and(|segment| (*low..=*high).contains(&segment.dst_port) != *negated)
            }
            Self::Other(m) => test_holds(&m.test, view).is_some_and(|holds| holds != m.negated),
        }
    }
}

/// Where there is no interface at a hook its name is empty (`nft_meta_store_ifname`): it equals none, and differs from
/// every name.
fn interface_matches(interface: Option<u16>, among: &[u16], negated: bool) -> bool {
    interface.map_or(negated, |number| among.contains(&number) != negated)
}

/// Whether a test holds; `None` if the packet has no such field, which neither `==` nor `!=` matches.
fn test_holds(test: &Test, view: View<'_>) -> Option<bool> {
    let packet = view.packet;
    match test {
        // These are conditions of their own.
        Test::InInterface(_) | Test::OutInterface(_) | Test::CtState(_) => None,
        Test::CtStatus(wanted) => {
            let status = view.ct_status;
            Some((wanted.snat && status.snat) || (wanted.dnat && status.dnat))
        }
        Test::SourceAddress(set) => set.contains(packet.src),
        Test::DestinationAddress(set) => set.contains(packet.dst),
        Test::SourcePort(set) => packet.tcp().map(|segment| set.contains(segment.src_port)),
        Test::DestinationPort(set) => packet.tcp().map(|segment| set.contains(segment.dst_port)),
        Test::TcpFlags { mask, value } => packet.tcp().map(|s| s.flags.bits() & mask.bits() == value.bits()),
        Test::Protocol(protocols) => {
            let protocol = match (&packet.body, packet.src) {
                (Body::Tcp(_), _) => Protocol::Tcp,
                (Body::Icmp(_), IpAddr::V4(_)) => Protocol::Icmp,
                (Body::Icmp(_), IpAddr::V6(_)) => Protocol::Icmpv6,
            };
            Some(protocols.contains(&protocol))
        }
        Test::Family(family) => Some((*family == Family::V4) == packet.src.is_ipv4()),
    }
}
