//! The four steps that every transfer takes, as a packet capture shows them.

use crate::firewall::Verdict;
use crate::ftp::Step;
use crate::ids::FrameId;
use crate::packet::Channel;
use crate::tcp::State;
use crate::trace::{Event, Side, SocketAction, Trace};

/// The four steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The three-way handshake of the control connection.
    ControlHandshake,
    /// PORT, PASV, EPRT or EPSV is on its way.
    Negotiation,
    /// The other side knows the port.
    PortAnnounced,
    /// The three-way handshake of the data connection.
    DataHandshake,
}

impl Stage {
    /// All four, in order.
    pub const ALL: [Self; 4] = [Self::ControlHandshake, Self::Negotiation, Self::PortAnnounced, Self::DataHandshake];
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// Not yet begun.
    #[default]
    Ahead,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// It met an obstacle.
    Blocked,
}

/// How far each step has come after a frame, for the command of the run list that is being played then.
pub fn stages(trace: &Trace, until: FrameId) -> [Progress; 4] {
    let mut progress = [Progress::Ahead; 4];
    let (mut control, mut data) = (None, None);
    let session = trace.frame(until).tag.map(|tag| tag.session);
    for frame in &trace.frames[..=until.index()] {
        let Some(tag) = frame.tag else { continue };
        if session.is_some_and(|session| session != tag.session) {
            continue;
        }
        // Only the newest connection of a channel counts: an older one may still be breaking when the next begins.
        let newest = match tag.channel {
            Channel::Control => &mut control,
            Channel::Data => &mut data,
        };
        if matches!(frame.event, Event::Socket { action: SocketAction::Connect, .. }) {
            *newest = tag.connection;
            if tag.channel == Channel::Control {
                // A client that calls again begins anew.
                progress[1..].fill(Progress::Ahead);
            }
        } else if tag.connection != *newest && tag.connection.is_some() {
            continue;
        }
        let handshake = match tag.channel {
            Channel::Control => Stage::ControlHandshake as usize,
            Channel::Data => Stage::DataHandshake as usize,
        };
        match &frame.event {
            Event::Command { result: None, run, .. } if !goes_on(run) => progress[1..].fill(Progress::Ahead),
            Event::Socket { action: SocketAction::Connect, .. } => progress[handshake] = Progress::Running,
            Event::Socket { action: SocketAction::Failed(_), .. } => progress[handshake] = Progress::Blocked,
            Event::TcpState { from: State::SynReceived, to: State::Established, .. } => {
                progress[handshake] = Progress::Done;
            }
            Event::Verdict { verdict: Verdict::Drop | Verdict::Reject(_), .. } | Event::Lost { .. }
                if progress[handshake] == Progress::Running =>
            {
                progress[handshake] = Progress::Blocked;
            }
            Event::FtpCommand { side, verb, .. } if is_negotiation(verb) => {
                // A second try (EPSV, then PASV) begins anew.
                if *side == Side::Sent {
                    progress[1] = Progress::Running;
                    progress[2..].fill(Progress::Ahead);
                } else if matches!(verb.as_str(), "PORT" | "EPRT") {
                    progress[2] = Progress::Running;
                }
            }
            Event::FtpReply { side: Side::Sent, code: 227 | 229, .. } => progress[2] = Progress::Running,
            Event::FtpReply { side: Side::Seen, code, .. } if progress[1] == Progress::Running => {
                let agreed = if *code < 400 { Progress::Done } else { Progress::Blocked };
                progress[1] = agreed;
                progress[2] = agreed;
            }
            _ => {}
        }
    }
    progress
}

/// Whether a command of the run list belongs to what was before it: the goodbye, or a raw transfer after a raw PORT.
fn goes_on(run: &str) -> bool {
    match Step::parse(run) {
        Ok(Step::Quit) => true,
        Ok(Step::Raw(command)) => {
            matches!(command.verb.as_str(), "LIST" | "NLST" | "MLSD" | "RETR" | "STOR" | "APPE" | "STOU")
        }
        _ => false,
    }
}

fn is_negotiation(verb: &str) -> bool {
    matches!(verb, "PORT" | "EPRT" | "PASV" | "EPSV")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::Mode;
    use crate::scenario::{builtin, parse};

    #[test]
    fn the_goodbye_does_not_put_the_lights_out() {
        let source = builtin("classic").unwrap().source;
        for (mode, end) in [(Mode::Passive, Progress::Done), (Mode::Active, Progress::Blocked)] {
            let trace = parse(source, "classic").unwrap().with_mode(mode).run().unwrap();
            let last = trace.ids().last().unwrap();
            assert_eq!(stages(&trace, last), [Progress::Done, Progress::Done, Progress::Done, end]);
        }
    }

    #[test]
    fn a_raw_transfer_uses_the_raw_port_before_it() {
        let trace = parse(builtin("bounce").unwrap().source, "bounce").unwrap().run().unwrap();
        let opened = trace
            .ids()
            .find(|id| matches!(&trace.frame(*id).event, Event::Command { run, result: Some(_), .. } if run == "LIST"));
        assert_eq!(stages(&trace, opened.unwrap()), [Progress::Done; 4]);
    }
}
