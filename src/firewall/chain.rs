//! A chain: rules in order, first verdict wins, and a policy for what no rule decided.

use super::conntrack::Tracked;
use super::ct::Direction;
use super::limit::Bucket;
use super::rule::{Action, EndSet, Family, Match, NatTarget, Policy, PortSet, Rule, Test};
use super::verdict::Verdict;
use crate::ids::RuleId;
use crate::packet::{Body, Flags, Icmp, Packet};
use crate::time::Instant;
use std::net::IpAddr;

/// What a chain gets to see of a packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketContext<'a> {
    /// The packet.
    pub packet: &'a Packet,
    /// The interface it came in on, by number.
    pub input: Option<u16>,
    /// The interface it will leave by, by number.
    pub output: Option<u16>,
    /// What connection tracking thinks of it; `None` where the node does not track.
    pub tracked: Option<&'a Tracked>,
    /// The time.
    pub now: Instant,
}

/// What a chain decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The fate of the packet.
    pub verdict: Verdict,
    /// The rule that decided, or the policy.
    pub rule: RuleId,
    /// Rules without a verdict that matched before, and jumps.
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
    Limit(Box<Bucket>),
    Other(Box<Match>),
}

/// What is done with a packet that matches; chains are numbers.
#[derive(Clone, Debug)]
enum Act {
    Continue,
    Verdict(Verdict),
    Nat(NatTarget),
    Jump(u16),
    Goto(u16),
    Return,
    /// What stands beside the first condition that holds.
    Map(Box<[(Condition, Act)]>),
}

#[derive(Clone, Debug)]
struct Entry {
    id: RuleId,
    conditions: Vec<Condition>,
    act: Act,
    sets_helper: bool,
    packets: u64,
    bytes: u64,
}

/// How names in rules become numbers. A name that is not known matches nothing, or leads nowhere.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// Interfaces.
    pub interface: &'a dyn Fn(&str) -> Option<u16>,
    /// Named chains, by their position in [`super::Firewall::add_chain`]'s order.
    pub chain: &'a dyn Fn(&str) -> Option<u16>,
}

/// The chain of one hook, or one that others jump to.
#[derive(Clone, Debug)]
pub struct Chain {
    entries: Vec<Entry>,
    policy: Policy,
    policy_id: RuleId,
    needs_tracking: bool,
}

/// What a list of rules comes to.
enum Flow {
    Decided(Verdict, RuleId),
    Back,
}

/// The most chains that jumps may lead through, one from another. The kernel's `NFT_JUMP_STACK_SIZE` is 16, and counts the
/// hook's own: Linux 6.18 takes fifteen and answers the sixteenth with `EMLINK`.
pub const DEEPEST_JUMP: u8 = 15;

impl Chain {
    /// A chain without rules.
    pub const fn new(policy: Policy, policy_id: RuleId) -> Self {
        Self { entries: Vec::new(), policy, policy_id, needs_tracking: false }
    }

    /// Appends a rule.
    pub fn push(&mut self, id: RuleId, rule: &Rule, names: Resolver<'_>) {
        let conditions = rule.matches.iter().map(|m| Condition::new(&m.test, m.negated, names)).collect();
        let asks = |test: &Test| {
            matches!(
                test,
                Test::CtState(_)
                    | Test::CtStatus { .. }
                    | Test::CtDirection(_)
                    | Test::CtHelper { .. }
                    | Test::CtEnd { .. }
            )
        };
        self.needs_tracking |= rule.sets_helper
            || rule.notrack
            || matches!(rule.action, Some(Action::Nat(_)))
            || rule.matches.iter().any(|m| asks(&m.test))
            || matches!(&rule.action, Some(Action::Map(elements)) if elements.iter().any(|(test, _)| asks(test)));
        let act = rule.action.as_ref().map_or(Act::Continue, |action| Act::new(action, names));
        let sets_helper = rule.sets_helper;
        self.entries.push(Entry { id, conditions, act, sets_helper, packets: 0, bytes: 0 });
    }

    /// Whether a rule asks for the state of connections.
    pub const fn needs_tracking(&self) -> bool {
        self.needs_tracking
    }

    /// Packets and bytes that each rule matched so far.
    pub fn counters(&self) -> impl Iterator<Item = (RuleId, u64, u64)> {
        self.entries.iter().map(|entry| (entry.id, entry.packets, entry.bytes))
    }

    /// Shows a packet to the rules, in order, and counts. `named` are the chains that they may jump to.
    pub fn decide(&mut self, named: &mut [Self], context: PacketContext<'_>) -> Decision {
        let mut decision =
            Decision { verdict: Verdict::Accept, rule: self.policy_id, passed: Vec::new(), sets_helper: false };
        for entry in &mut self.entries {
            let Some(flow) = entry.evaluate(named, context, &mut decision, 0) else { continue };
            if let Flow::Decided(verdict, rule) = flow {
                (decision.verdict, decision.rule) = (verdict, rule);
                return decision;
            }
            break;
        }
        decision.verdict = match self.policy {
            Policy::Accept => Verdict::Accept,
            Policy::Drop => Verdict::Drop,
        };
        decision
    }

    /// Shows the packet to the rules that say `notrack`: the one that exempts it from tracking.
    pub fn exempts(&mut self, context: PacketContext<'_>) -> Option<RuleId> {
        self.entries.iter_mut().find_map(|entry| entry.counts(context).then_some(entry.id))
    }

    /// Shows the first packet of a connection to the NAT rules: the first that matches decides.
    pub fn translation(&mut self, context: PacketContext<'_>) -> Option<(RuleId, NatTarget)> {
        self.entries.iter_mut().find_map(|entry| {
            let Act::Nat(target) = entry.act else { return None };
            // nft puts the family of the address before the rule: `snat ip6 to` sees no IPv4 packet.
            if target.address().is_some_and(|address| address.is_ipv4() != context.packet.src.is_ipv4()) {
                return None;
            }
            entry.counts(context).then_some((entry.id, target))
        })
    }
}

/// Shows a packet to the named chain `number`.
fn visit(named: &mut [Chain], number: u16, context: PacketContext<'_>, decision: &mut Decision, depth: u8) -> Flow {
    let number = usize::from(number);
    let count = named.get(number).map_or(0, |chain| chain.entries.len());
    for at in 0..count {
        // The rule is aside while it leads elsewhere; chains never lead back to themselves.
        let mut entry = std::mem::replace(&mut named[number].entries[at], Entry::NOTHING);
        let flow = entry.evaluate(named, context, decision, depth);
        named[number].entries[at] = entry;
        if let Some(flow) = flow {
            return flow;
        }
    }
    Flow::Back
}

impl Entry {
    const NOTHING: Self =
        Self { id: RuleId(0), conditions: Vec::new(), act: Act::Return, sets_helper: false, packets: 0, bytes: 0 };

    /// Whether a packet matches; then it is counted.
    fn counts(&mut self, context: PacketContext<'_>) -> bool {
        let mut holds = self.conditions.iter_mut().all(|condition| condition.holds(context));
        if let Act::Map(elements) = &mut self.act {
            holds = holds && elements.iter_mut().any(|(condition, _)| condition.holds(context));
        }
        if holds {
            self.packets += 1;
            self.bytes += u64::from(context.packet.ip_len());
        }
        holds
    }

    /// What becomes of a packet at this rule; `None`: it goes on to the next.
    fn evaluate(
        &mut self,
        named: &mut [Chain],
        context: PacketContext<'_>,
        decision: &mut Decision,
        depth: u8,
    ) -> Option<Flow> {
        if !self.counts(context) {
            return None;
        }
        decision.sets_helper |= self.sets_helper;
        let act = match &mut self.act {
            Act::Map(elements) => {
                elements.iter_mut().find_map(|(condition, act)| condition.holds(context).then_some(&*act))
            }
            act => Some(&*act),
        };
        if let Some(Act::Verdict(verdict)) = act {
            return Some(Flow::Decided(*verdict, self.id));
        }
        decision.passed.push(self.id);
        match act {
            // A scenario's own check does not let it come to this.
            Some(Act::Jump(_) | Act::Goto(_)) if depth == DEEPEST_JUMP => Some(Flow::Decided(Verdict::Drop, self.id)),
            Some(Act::Jump(number)) => match visit(named, *number, context, decision, depth + 1) {
                Flow::Back => None,
                decided @ Flow::Decided(..) => Some(decided),
            },
            Some(Act::Goto(number)) => Some(visit(named, *number, context, decision, depth + 1)),
            Some(Act::Return) => Some(Flow::Back),
            // NAT rules have chains of their own.
            None | Some(Act::Continue | Act::Nat(_) | Act::Verdict(_) | Act::Map(_)) => None,
        }
    }
}

impl Act {
    fn new(action: &Action, names: Resolver<'_>) -> Self {
        let jump = |name: &String, act: fn(u16) -> Self| (names.chain)(name).map_or(Self::Continue, act);
        match action {
            Action::Accept => Self::Verdict(Verdict::Accept),
            Action::Drop => Self::Verdict(Verdict::Drop),
            Action::Reject(with) => Self::Verdict(Verdict::Reject(*with)),
            Action::Nat(target) => Self::Nat(*target),
            Action::Jump(name) => jump(name, Self::Jump),
            Action::Goto(name) => jump(name, Self::Goto),
            Action::Continue => Self::Continue,
            Action::Return => Self::Return,
            Action::Map(elements) => {
                let element =
                    |(test, action): &(Test, Action)| (Condition::new(test, false, names), Self::new(action, names));
                Self::Map(elements.iter().map(element).collect())
            }
        }
    }
}

impl Condition {
    fn new(test: &Test, negated: bool, names: Resolver<'_>) -> Self {
        let resolve = |found: &[String]| found.iter().filter_map(|name| (names.interface)(name)).collect();
        match test {
            Test::InInterface(found) => Self::Input { among: resolve(found), negated },
            Test::OutInterface(found) => Self::Output { among: resolve(found), negated },
            Test::CtState(states) => {
                Self::State { among: states.iter().fold(0, |bits, state| bits | 1 << *state as u8), negated }
            }
            Test::DestinationPort(PortSet(ranges)) if ranges.len() == 1 => {
                Self::DestinationPort { low: ranges[0].0, high: ranges[0].1, negated }
            }
            Test::Limit(limit) => Self::Limit(Box::new(Bucket::new(*limit))),
            _ => Self::Other(Box::new(Match { test: test.clone(), negated })),
        }
    }

    fn holds(&mut self, context: PacketContext<'_>) -> bool {
        match self {
            Self::Input { among, negated } => interface_matches(context.input, among, *negated),
            Self::Output { among, negated } => interface_matches(context.output, among, *negated),
            Self::State { among, negated } => {
                context.tracked.is_some_and(|tracked| (*among & 1 << tracked.state as u8 != 0) != *negated)
            }
            Self::DestinationPort { low, high, negated } => {
                context.packet.tcp().is_some_and(|segment| (*low..=*high).contains(&segment.dst_port) != *negated)
            }
            Self::Limit(bucket) => bucket.matches(context.now, context.packet.ip_len()),
            Self::Other(m) => test_holds(&m.test, context).is_some_and(|holds| holds != m.negated),
        }
    }
}

/// Where there is no interface at a hook its name is empty (`nft_meta_store_ifname`): it equals none, and differs from
/// every name.
fn interface_matches(interface: Option<u16>, among: &[u16], negated: bool) -> bool {
    interface.map_or(negated, |number| among.contains(&number) != negated)
}

/// Whether a test holds; `None` if the packet has no such field, which neither `==` nor `!=` matches.
fn test_holds(test: &Test, context: PacketContext<'_>) -> Option<bool> {
    let packet = context.packet;
    match test {
        // These are conditions of their own; the last holds for nothing.
        Test::InInterface(_) | Test::OutInterface(_) | Test::CtState(_) | Test::Limit(_) | Test::Never => None,
        Test::CtStatus { mask, values } => {
            // A packet without a connection, INVALID or untracked, ends the rule (`nft_ct_get_eval`).
            let status = context.tracked?.status()?;
            Some(values.contains(&(status.0 & mask)))
        }
        Test::CtDirection(wanted) => Some(wanted.contains(&context.tracked?.direction()?)),
        // Of a connection that none has announced there is no helper to compare with.
        Test::CtHelper { ftp } => context.tracked?.is_expected().then_some(*ftp),
        Test::CtEnd { direction, source, end } => {
            let (original, reply) = context.tracked?.tuples()?;
            let tuple = if *direction == Direction::Original { original } else { reply };
            let found = if *source { tuple.from } else { tuple.to };
            match end {
                EndSet::Address(set) => set.contains(found.ip),
                EndSet::Port(set) => Some(set.contains(found.port)),
            }
        }
        Test::IcmpType { family, types } => {
            let Body::Icmp(icmp) = &packet.body else { return None };
            if packet.src.is_ipv4() != (*family == Family::V4) {
                return None;
            }
            let number = match (&**icmp, family) {
                (Icmp::Unreachable { .. } | Icmp::TooBig { .. }, Family::V4) => 3,
                (Icmp::TimeExceeded { .. }, Family::V4) => 11,
                (Icmp::Unreachable { .. }, Family::V6) => 1,
                (Icmp::TooBig { .. }, Family::V6) => 2,
                (Icmp::TimeExceeded { .. }, Family::V6) => 3,
            };
            Some(within(types, number))
        }
        Test::SourceAddress(set) => set.contains(packet.src),
        Test::DestinationAddress(set) => set.contains(packet.dst),
        Test::SourcePort(set) => packet.tcp().map(|segment| set.contains(segment.src_port)),
        Test::DestinationPort(set) => packet.tcp().map(|segment| set.contains(segment.dst_port)),
        Test::TcpFlags { mask, values } => packet.tcp().map(|segment| {
            let found = Flags::from_bits(segment.flags.bits() & mask.bits());
            values.contains(&found)
        }),
        Test::Protocol(numbers) => {
            let number = match (&packet.body, packet.src) {
                (Body::Tcp(_), _) => 6,
                (Body::Icmp(_), IpAddr::V4(_)) => 1,
                (Body::Icmp(_), IpAddr::V6(_)) => 58,
            };
            Some(within(numbers, number))
        }
        Test::Family(families) => Some(families.contains(if packet.src.is_ipv4() { &Family::V4 } else { &Family::V6 })),
    }
}

/// Whether `number` lies in one of `ranges`.
fn within(ranges: &[(u8, u8)], number: u8) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&number))
}

#[cfg(test)]
mod tests;
