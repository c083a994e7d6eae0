//! Why a firewall's FTP helper did not help.

use crate::ids::{NodeId, RuleId};
use crate::insight::{Watch, watch};
use crate::narrate::Id;
use crate::narrate::mentions::Teller;
use crate::packet::{Channel, Packet, Tag};
use crate::text::visible;
use crate::trace::{Event, ExpectationAction};

/// Why a node's helper did not expect the data connection that `packet` begins.
pub(super) fn not_expected(t: &Teller<'_>, node: NodeId, packet: &Packet) -> Option<String> {
    let tag = packet.tag.filter(|tag| tag.channel == Channel::Data)?;
    match watch(t.trace, node, tag.session, t.at) {
        Watch::NoHelper => {
            let depends = t.trace.rules.iter().any(|rule| rule.node == node && rule.lets_related);
            depends.then(|| t.say(Id::WhyHelperNone, &[("node", &t.node(node))]))
        }
        Watch::Watching => Some(expects_another(t, node)),
        known => absent(t, node, tag, known),
    }
}

/// Why a node's helper left an address in the text of the control connection as it was.
pub(super) fn not_rewritten(t: &Teller<'_>, node: NodeId, tag: Tag) -> Option<String> {
    match watch(t.trace, node, tag.session, t.at) {
        Watch::NoHelper | Watch::OffPath | Watch::Watching => None,
        known => absent(t, node, tag, known),
    }
}

/// What keeps a helper that the node has from reading the control connection.
fn absent(t: &Teller<'_>, node: NodeId, tag: Tag, known: Watch) -> Option<String> {
    let name = t.node(node);
    let line = |rule: RuleId| match t.trace.rule(rule).line {
        0 => String::new(),
        line => t.say(Id::WhyLine, &[("line", &line.to_string())]),
    };
    let text = |rule: RuleId| visible(&t.trace.rule(rule).text);
    Some(match known {
        Watch::NoHelper | Watch::Watching => return None,
        Watch::OffPath => t.say(Id::WhyHelperOffPath, &[("node", &name)]),
        Watch::PassedBy(rule) => {
            let hook = t.trace.rule(rule).hook.name();
            t.say(Id::WhyHelperPassedBy, &[("node", &name), ("hook", hook), ("line", &line(rule))])
        }
        Watch::NotReached { helper, decided } => {
            t.say(Id::WhyHelperNotReached, &[("node", &name), ("decided", &text(decided)), ("line", &line(helper))])
        }
        Watch::NoMatch(rule) => {
            let port = t.trace.sessions.get(tag.session.index()).and_then(|session| session.called);
            let port = port.map_or_else(String::new, |called| called.port.to_string());
            let args = [("node", name), ("rule", text(rule)), ("port", port), ("line", line(rule))];
            t.say(Id::WhyHelperNoMatch, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
        Watch::Sealed => t.say(Id::WhyHelperSealed, &[("node", &name)]),
    })
}

/// The helper reads along: what it expected last, or that nothing it read was to its liking.
fn expects_another(t: &Teller<'_>, node: NodeId) -> String {
    let name = t.node(node);
    let before = t.trace.frames[..t.at.index()].iter().rev();
    let last = before.filter(|frame| frame.node == node).find_map(|frame| match &frame.event {
        Event::Expectation { action: ExpectationAction::Made, from, to, .. } => Some((*from, *to)),
        _ => None,
    });
    match last {
        Some((from, to)) => {
            let args = [("node", name), ("from", from.to_string()), ("to", t.endpoint(to))];
            t.say(Id::WhyHelperOther, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
        None => t.say(Id::WhyHelperNothing, &[("node", &name)]),
    }
}
