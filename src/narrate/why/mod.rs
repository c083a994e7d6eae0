//! Why it happens: one to three further sentences for the frames that deserve an explanation.
//!
//! Causes are found along [`Trace::causes`], doors in the scene; what cannot be found is not said.
//!
//! | file | subject |
//! |---|---|
//! | `dialogue` | FTP's commands and replies, and its timers |
//! | `helper` | why a firewall's FTP helper did not help |
//! | `knock` | knocking, and the answers to it: SYN, RST, ICMP, silence |
//! | `naming` | commands and replies that name an endpoint for the data connection: PORT, EPRT, 227, 229 |
//! | `stopped` | why a packet got no further |

mod dialogue;
mod helper;
mod knock;
mod naming;
mod stopped;

use super::mentions::Teller;
use super::{Id, Language, Messages, facts};
use crate::ids::{FrameId, NodeId};
use crate::packet::{Endpoint, Tag};
use crate::tcp::{State, TimerKind};
use crate::trace::{Event, ExpectationAction, Scene, SocketAction, Timer, Trace};

/// What a frame needs to have explained, if anything. `scene` is the network after that frame.
pub fn why(messages: &Messages, trace: &Trace, scene: &Scene, frame: FrameId) -> Option<String> {
    let t = Teller { messages, trace, at: frame };
    let shown = trace.frame(frame);
    let (node, tag) = (shown.node, shown.tag);
    let sentences = match &shown.event {
        Event::Expectation { action: ExpectationAction::Made, .. } => vec![t.say(Id::WhyExpectationMade, &[])],
        Event::Expectation { action: ExpectationAction::Used, .. } => vec![t.say(Id::WhyExpectationUsed, &[])],
        Event::Translated { before, packet, .. } => match trace.rewritten_text(*before, *packet) {
            Some((old, new)) => {
                let by = new.len().cast_signed() - old.len().cast_signed();
                let mut sentences = vec![t.say(Id::WhyTranslatedText, &[])];
                if by != 0 {
                    sentences.push(t.say(Id::WhyTranslatedLength, &[("by", &format!("{by:+}"))]));
                }
                sentences
            }
            None => Vec::new(),
        },
        Event::Verdict { packet, hook, ct_state, verdict, rule, .. } => {
            let decision = stopped::Decision { hook: *hook, ct_state: *ct_state, verdict: *verdict, rule: *rule };
            stopped::by_firewall(&t, scene, node, trace.packet(*packet), decision)
        }
        Event::Lost { packet, reason } => stopped::without_firewall(&t, trace.packet(*packet), *reason),
        Event::Sent { packet, .. } if !facts::is_passed_on(trace, frame) => {
            knock::sent(&t, scene, node, trace.packet(*packet))
        }
        Event::Socket { action: SocketAction::Failed(_), remote, .. } => knock::failed(&t, node, *remote),
        Event::Socket { action: SocketAction::Listen, .. } if tag.is_some() => vec![t.say(Id::WhyListen, &[])],
        Event::Timer { timer: Timer::Tcp(TimerKind::Handshake | TimerKind::Retransmit), .. } => knock::unanswered(&t),
        Event::Timer { timer: Timer::Ftp(crate::ftp::FtpTimer::DataConnect), .. } => {
            dialogue::data_timeout(&t, scene, node, tag)
        }
        Event::TcpState { remote, from, to, .. } => state(&t, node, tag, *remote, *from, *to),
        Event::FtpCommand { side, verb, argument } => dialogue::command(&t, scene, node, tag, *side, (verb, argument)),
        Event::FtpReply { side, code, lines } => dialogue::reply(&t, scene, node, tag, *side, (*code, lines)),
        Event::Transfer { result: Some(result), .. } => dialogue::transfer(&t, *result),
        _ => Vec::new(),
    };
    let between = match messages.language() {
        Language::En => " ",
        Language::ZhCn => "",
    };
    let sentences: Vec<String> = sentences.into_iter().map(sentence_case).collect();
    (!sentences.is_empty()).then(|| sentences.join(between))
}

/// English sentences that begin with "the client" get their capital here; nodes' names keep their spelling.
fn sentence_case(sentence: String) -> String {
    match sentence.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => sentence,
    }
}

fn state(t: &Teller<'_>, node: NodeId, tag: Option<Tag>, remote: Endpoint, from: State, to: State) -> Vec<String> {
    match (from, to) {
        (State::SynSent, State::Established) => {
            let peer = facts::far_end(t.trace, node, tag).map_or_else(|| remote.to_string(), |peer| t.role(peer, tag));
            vec![t.say(Id::WhyHandshakeClient, &[("peer", &peer)])]
        }
        (State::SynReceived, State::Established) => {
            vec![t.say(Id::WhyHandshakeServer, &[("connection", &t.connection(tag))])]
        }
        // From CLOSING both ends wait, for both closed first.
        (State::FinWait1 | State::FinWait2, State::TimeWait) => vec![t.say(Id::WhyTimeWait, &[])],
        _ => Vec::new(),
    }
}

/// The client and the server of the session that a tag belongs to.
fn session(t: &Teller<'_>, tag: Option<Tag>) -> Option<(NodeId, Option<NodeId>)> {
    Some((t.trace.sessions.get(tag?.session.index())?.client, t.trace.server_of(tag?, t.at)))
}
