//! Why a packet got no further.

use super::helper;
use crate::firewall::{CtState, Hook, Verdict};
use crate::ids::{NodeId, RuleId};
use crate::insight::{Door, door};
use crate::narrate::mentions::Teller;
use crate::narrate::{Id, facts};
use crate::packet::{Packet, Segment};
use crate::text::visible;
use crate::trace::{Loss, Scene};

/// What a chain decided.
pub(super) struct Decision {
    pub(super) hook: Hook,
    pub(super) ct_state: Option<CtState>,
    pub(super) verdict: Verdict,
    pub(super) rule: RuleId,
}

pub(super) fn by_firewall(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    packet: &Packet,
    decision: Decision,
) -> Vec<String> {
    let is_syn = packet.tcp().is_some_and(Segment::is_syn);
    let verdict = match decision.verdict {
        Verdict::Accept => return Vec::new(),
        Verdict::Drop => Id::WhyDrops,
        Verdict::Reject(_) => Id::WhyRejects,
    };
    let rule = t.trace.rule(decision.rule);
    // What the node thinks of the packet; then whether the policy or a rule had the last word.
    let ids = match decision.ct_state {
        Some(CtState::New) if is_syn => [Id::WhyNewPolicy, Id::WhyNewRule],
        Some(CtState::New) => [Id::WhyMidwayPolicy, Id::WhyMidwayRule],
        Some(CtState::Invalid) => [Id::WhyInvalidPolicy, Id::WhyInvalidRule],
        Some(CtState::Established | CtState::Related) => [Id::WhyKnownPolicy, Id::WhyKnownRule],
        Some(CtState::Untracked) | None => [Id::WhyPlainPolicy, Id::WhyPlainRule],
    };
    let line = match rule.line {
        0 => String::new(),
        line => t.say(Id::WhyLine, &[("line", &line.to_string())]),
    };
    let args = [
        ("node", t.node(node)),
        ("hook", decision.hook.name().to_owned()),
        ("rule", visible(&rule.text)),
        ("verdict", t.say(verdict, &[])),
        ("state", decision.ct_state.map_or("", CtState::name).to_owned()),
        ("line", line),
    ];
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let because = t.say(ids[usize::from(!rule.is_policy)], &args);
    if !is_syn {
        return vec![because];
    }
    let who = t.role_of(packet.src, packet.tag);
    let connection = facts::connection(packet.tag).and_then(|name| t.trace.connections.get(&name));
    let owner = t.role_of(packet.dst, packet.tag);
    let whose = t.say(Id::Possessive, &[("owner", &owner)]);
    let knock = t.say(Id::WhyKnock, &[("who", &who), ("whose", &whose), ("door", &t.door(packet.destination()))]);
    let mut sentences = vec![knock, because];
    if decision.ct_state == Some(CtState::New) {
        sentences.extend(helper::not_expected(t, node, packet));
    }
    let caller = connection.map_or(node, |call| call.caller);
    let behind = match door(t.trace, scene, t.at, caller, packet.destination()) {
        Door::Open { node, at } => Some((Id::WhyDoorOpen, node, at)),
        Door::Shut { node, at } => Some((Id::WhyDoorShut, node, at)),
        Door::Unknown(_) | Door::Nobody => None,
    };
    if let Some((id, node, at)) = behind {
        sentences.push(t.say(id, &[("owner", &t.role(node, packet.tag)), ("port", &at.port.to_string())]));
    }
    sentences
}

pub(super) fn without_firewall(t: &Teller<'_>, packet: &Packet, reason: Loss) -> Vec<String> {
    match reason {
        Loss::NoNeighbour => nobody_at(t, packet).into_iter().collect(),
        Loss::CutCommand => vec![t.say(Id::WhyCutCommand, &[])],
        Loss::NoRoute if facts::is_private(packet.dst) => {
            vec![t.say(Id::WhyPrivate, &[("address", &packet.dst.to_string())])]
        }
        Loss::NoRoute if t.trace.owner(packet.dst).is_none() => nobody_at(t, packet).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Why nobody answers for the address that a packet is for.
pub(super) fn nobody_at(t: &Teller<'_>, packet: &Packet) -> Option<String> {
    let address = packet.dst.to_string();
    match t.trace.owner(packet.dst) {
        Some(owner) if t.trace.nodes[owner.index()].down => {
            Some(t.say(Id::WhySwitchedOff, &[("address", &address), ("node", &t.node(owner))]))
        }
        Some(_) => None,
        None => Some(t.say(Id::WhyNobodyHas, &[("address", &address)])),
    }
}
