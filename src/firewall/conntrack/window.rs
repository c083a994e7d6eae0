//! The tracked side of one TCP connection: its state, and the windows that tell a segment of it from a stranger with
//! the same ports (`nf_conntrack_proto_tcp`).
//!
//! An observer in the middle knows, for each side, how far it has sent, how far the other side lets it send, and how
//! far it has acknowledged. A segment outside of that is INVALID (or, where a legitimate one can look like this, let
//! through without believing it). The method is that of Guido van Rooij, "Real Stateful TCP Packet Filtering in IP
//! Filter"; the recorded behaviour is in `tests/truth/conntrack.jsonl`.

use crate::firewall::Timeouts;
use crate::firewall::ct::Direction;
use crate::firewall::track_state::{Kind, Step, TrackState};
use crate::packet::{Flags, Segment, SeqNr};
use crate::time::Duration;

/// An acknowledgement may be so much older than what it answers, in bytes (`MAXACKWINCONST`).
const OLDEST_ACK: u32 = 66_000;
/// After so many repetitions of one segment an entry is kept for a shorter time (`nf_conntrack_tcp_max_retrans`).
const MOST_REPETITIONS: u8 = 3;

/// What is known of one side.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// One past the last number it sent (`td_end`).
    end: SeqNr,
    /// One past the last number it may send (`td_maxend`).
    max_end: SeqNr,
    /// The largest window it offered, in bytes (`td_maxwin`); 0: nothing was seen of it.
    max_window: u32,
    /// The highest number it acknowledged.
    max_ack: Option<SeqNr>,
    /// How far its windows are shifted (RFC 7323).
    scale: u8,
    scales: bool,
    /// It understands selective acknowledgement.
    sack: bool,
    /// It was picked up in the middle of a connection: no handshake told the scale of its windows, so what seems to be
    /// outside is believed.
    liberal: bool,
    /// It sent the first FIN.
    closes: bool,
    /// Not all that it sent has been acknowledged.
    unacknowledged: bool,
}

/// The segment that was seen last, as far as later ones are held against it.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    kind: Option<Kind>,
    direction: Direction,
    seq: SeqNr,
    ack: SeqNr,
    end: SeqNr,
    window: u16,
    /// The options of a SYN that was let through on an open connection.
    scale: Option<u8>,
    sack: bool,
    /// That SYN may be answered by a challenge (RFC 5961, section 4), which acknowledges no FIN.
    challenge: bool,
    simultaneous: bool,
}

/// What tracking makes of a segment of a known connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It does not belong here.
    Invalid,
    /// The same, and a connection that is about to end should not live on in the table because of it.
    InvalidEnd,
    /// It passes, but nothing is learned from it.
    Ignored,
    /// The connection is over, and this SYN begins another one.
    Reopened,
    /// It belongs here. The entry lives for so long from now on.
    Accepted(Duration),
}

/// What an entry knows besides its TCP state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// A packet of the other direction was seen.
    pub(super) replied: bool,
    /// The handshake was seen to its end.
    pub(super) assured: bool,
    /// How far a helper has shifted the text that the segment acknowledges (`nf_ct_seq_offset`).
    pub(super) ack_shift: i32,
}

/// A tracked TCP connection.
#[derive(Clone, Debug)]
pub(super) struct TcpTrack {
    state: TrackState,
    seen: [Seen; 2],
    last: Last,
    repetitions: u8,
}

enum Fit {
    Accept,
    Ignore,
    Invalid,
}

impl TcpTrack {
    /// The connection that a first segment begins (`tcp_new`), and how long its entry lives. `loose`: one that began
    /// before anybody looked is picked up (`nf_conntrack_tcp_loose`).
    pub(super) fn begin(kind: Kind, segment: &Segment, loose: bool, timeouts: &Timeouts) -> Option<(Self, Duration)> {
        let state = TrackState::first(kind)?;
        let end = end_of(segment);
        let window = u32::from(segment.window).max(1);
        let mut first = Seen { end, max_end: end, max_window: window, ..Seen::default() };
        let mut second = Seen::default();
        if state == TrackState::SynSent {
            first.take_options(segment);
        } else if loose {
            first.max_end = end + window;
            (first.sack, first.liberal) = (true, true);
            (second.sack, second.liberal) = (true, true);
        } else {
            return None;
        }
        let mut track = Self { state, seen: [first, second], last: Last::default(), repetitions: 0 };
        let standing = Standing { replied: false, assured: false, ack_shift: 0 };
        track.fit(Direction::Original, None, kind, segment, standing);
        track.last.kind = Some(kind);
        track.last.direction = Direction::Original;
        let life = track.life(kind, standing, timeouts);
        Some((track, life))
    }

    pub(super) const fn state(&self) -> TrackState {
        self.state
    }

    /// One past the last number that the side which began has sent.
    pub(super) const fn sent_to(&self) -> SeqNr {
        self.seen[0].end
    }

    /// Whether the last thing heard, from the other side, was an end: this end, which does not fit, shortens the life
    /// of its entry (`nf_tcp_handle_invalid`). Otherwise it is remembered.
    pub(super) fn ended_before(&mut self, direction: Direction, kind: Kind) -> bool {
        let before = self.last.direction != direction && matches!(self.last.kind, Some(Kind::Fin | Kind::Rst));
        if !before {
            (self.last.kind, self.last.direction) = (Some(kind), direction);
        }
        before
    }

    /// Judges a segment and follows it (`nf_conntrack_tcp_packet`).
    pub(super) fn judge(
        &mut self,
        direction: Direction,
        kind: Kind,
        segment: &Segment,
        standing: Standing,
        timeouts: &Timeouts,
    ) -> Judgement {
        let original = direction == Direction::Original;
        let old = self.state;
        let mut new = match old.step(original, kind) {
            Step::Invalid => return Judgement::Invalid,
            Step::Ignore => match self.let_through(direction, kind, segment) {
                Some(resynchronised) => resynchronised,
                None => return Judgement::Ignored,
            },
            Step::To(TrackState::SynSent) if old >= TrackState::TimeWait => {
                let closed = self.seen.iter().any(|side| side.closes);
                let aborted = self.last.direction == direction && self.last.kind == Some(Kind::Rst);
                if closed || aborted {
                    return Judgement::Reopened;
                }
                match self.let_through(direction, kind, segment) {
                    Some(resynchronised) => resynchronised,
                    None => return Judgement::Ignored,
                }
            }
            Step::To(new) => new,
        };
        let mut skips_windows = false;
        match new {
            TrackState::TimeWait
                if old == TrackState::LastAck
                    && kind == Kind::Ack
                    && self.last.direction != direction
                    && self.last.kind == Some(Kind::Syn)
                    && self.last.challenge =>
            {
                self.last.challenge = false;
                return Judgement::Ignored;
            }
            TrackState::SynSent2 => self.last.simultaneous = true,
            TrackState::SynReceived if !original && kind == Kind::Ack && self.last.simultaneous => {
                new = TrackState::Established;
            }
            TrackState::Close if kind == Kind::Rst => match self.reset(direction, segment, standing, old) {
                Reset::Invalid => return Judgement::Invalid,
                Reset::Believed => skips_windows = true,
                Reset::Plausible => {}
                Reset::Doubtful => new = old,
            },
            _ => {}
        }
        if !skips_windows {
            match self.fit(direction, Some(old), kind, segment, standing) {
                Fit::Accept => {}
                Fit::Ignore => return Judgement::Ignored,
                Fit::Invalid if matches!(kind, Kind::Fin | Kind::Rst) => return Judgement::InvalidEnd,
                Fit::Invalid => return Judgement::Invalid,
            }
        }
        (self.last.kind, self.last.direction) = (Some(kind), direction);
        self.state = new;
        if old != new && new == TrackState::FinWait {
            self.seen[direction as usize].closes = true;
        }
        Judgement::Accepted(self.life(kind, standing, timeouts))
    }

    /// A segment that says the tracker may be wrong about the connection: remembered, not believed. Its answer shows
    /// which of the two holds (`TCP_CONNTRACK_IGNORE`). Gives the state if this is that answer.
    fn let_through(&mut self, direction: Direction, kind: Kind, segment: &Segment) -> Option<TrackState> {
        let last = self.last;
        if kind == Kind::SynAck
            && last.kind == Some(Kind::Syn)
            && last.direction != direction
            && segment.ack == last.end
        {
            // Both ends agree on a new connection: in step again.
            self.seen[last.direction as usize] = Seen {
                end: last.end,
                max_end: last.end,
                max_window: u32::from(last.window).max(1),
                scale: last.scale.unwrap_or_default(),
                scales: last.scale.is_some(),
                sack: last.sack,
                ..Seen::default()
            };
            // What the other side may do is begun anew with this segment.
            let answerer = &mut self.seen[direction as usize];
            *answerer = Seen { liberal: answerer.liberal, ..Seen::default() };
            self.last.challenge = false;
            return Some(TrackState::SynReceived);
        }
        self.last.kind = Some(kind);
        self.last.direction = direction;
        self.last.seq = segment.seq;
        self.last.end = end_of(segment);
        self.last.window = segment.window;
        if kind == Kind::Syn && direction == Direction::Original {
            self.last.scale = segment.window_scale.map(|scale| scale.min(14));
            self.last.sack = segment.sack_permitted;
            self.last.challenge = self.state == TrackState::LastAck;
            self.last.simultaneous = false;
        }
        if self.state == TrackState::SynSent && kind == Kind::Ack && direction == Direction::Reply {
            // It may challenge the SYN.
            self.last.ack = segment.ack;
        }
        None
    }

    /// Whether a RST is one of the connection's own ends.
    fn reset(&self, direction: Direction, segment: &Segment, standing: Standing, old: TrackState) -> Reset {
        // A connection on its way out is believed to end at once (`tcp_can_early_drop`).
        if matches!(
            old,
            TrackState::FinWait
                | TrackState::CloseWait
                | TrackState::LastAck
                | TrackState::TimeWait
                | TrackState::Close
        ) {
            return Reset::Believed;
        }
        let last = &self.last;
        let established = old == TrackState::Established && standing.assured;
        let mut doubtful = false;
        if let Some(acknowledged) = self.seen[1 - direction as usize].max_ack
            && last.kind != Some(Kind::Syn)
        {
            if segment.seq == SeqNr(0) && !established {
                return Reset::Plausible;
            }
            if segment.seq < acknowledged {
                return Reset::Invalid;
            }
            let follows_data = last.kind == Some(Kind::Ack) && last.direction == direction && segment.seq == last.end;
            if !established || segment.seq == acknowledged || follows_data {
                return Reset::Plausible;
            }
            // Not exact: it may be answered by a challenge (RFC 5961, section 3), so the connection lives on.
            doubtful = true;
        }
        // It answers a SYN or an ACK that was let through above.
        let let_through =
            (standing.replied && last.kind == Some(Kind::Syn)) || (!standing.assured && last.kind == Some(Kind::Ack));
        let answers = let_through && segment.ack == last.end;
        let challenged = old == TrackState::SynSent
            && last.kind == Some(Kind::Ack)
            && last.direction == Direction::Reply
            && segment.seq == last.ack;
        if doubtful {
            Reset::Doubtful
        } else if answers || challenged {
            Reset::Believed
        } else {
            Reset::Plausible
        }
    }

    /// Whether a segment lies within the windows; if so they move (`tcp_in_window`). `old`: the state before it, none
    /// for the first.
    fn fit(
        &mut self,
        direction: Direction,
        old: Option<TrackState>,
        kind: Kind,
        segment: &Segment,
        standing: Standing,
    ) -> Fit {
        let [mut sender, mut receiver] = match direction {
            Direction::Original => self.seen,
            Direction::Reply => [self.seen[1], self.seen[0]],
        };
        let fit = self.hold_against(&mut sender, &mut receiver, direction, (old, kind), segment, standing);
        self.seen = match direction {
            Direction::Original => [sender, receiver],
            Direction::Reply => [receiver, sender],
        };
        fit
    }

    fn hold_against(
        &mut self,
        sender: &mut Seen,
        receiver: &mut Seen,
        direction: Direction,
        (old, kind): (Option<TrackState>, Kind),
        segment: &Segment,
        standing: Standing,
    ) -> Fit {
        let (syn, has_ack) = (segment.flags.contains(Flags::SYN), segment.flags.contains(Flags::ACK));
        let (mut seq, mut end) = (segment.seq, end_of(segment));
        let unshifted = |number: SeqNr| SeqNr(number.0.wrapping_sub(standing.ack_shift.cast_unsigned()));
        let mut ack = unshifted(segment.ack);
        let mut sack = ack;
        if receiver.sack {
            for (_, to) in &segment.sack {
                let to = unshifted(*to);
                if to > sack {
                    sack = to;
                }
            }
        }
        if sender.max_window == 0 {
            if syn {
                sender.begin(receiver, segment, direction);
                if !has_ack {
                    return Fit::Accept;
                }
            } else {
                // In the middle of a connection: what the segment says is all there is.
                sender.end = end;
                sender.max_window = (u32::from(segment.window) << sender.scale).max(1);
                sender.max_end = end + sender.max_window;
                if receiver.max_window == 0 {
                    (receiver.end, receiver.max_end) = (sack, sack);
                } else if sack == receiver.end + 1 {
                    // The answer to a keep-alive.
                    receiver.end += 1;
                }
            }
        } else if end > sender.end
            && matches!(
                (old, direction),
                (Some(TrackState::SynSent), Direction::Original) | (Some(TrackState::SynReceived), Direction::Reply)
            )
        {
            // A handshake that begins anew with other numbers.
            sender.begin(receiver, segment, direction);
            if direction == Direction::Reply && !has_ack {
                return Fit::Accept;
            }
        }
        let resets = segment.flags.contains(Flags::RST);
        if !has_ack || (resets && segment.ack == SeqNr(0)) {
            (ack, sack) = (receiver.end, receiver.end);
        }
        if resets && seq == SeqNr(0) && old == Some(TrackState::SynSent) {
            (seq, end) = (sender.end, sender.end);
        }
        let oldest = OLDEST_ACK.max(sender.max_window);
        let ack_is_recent = sack > before(receiver.end, oldest.wrapping_add(1));
        let in_window = end > before(before(sender.end, receiver.max_window), 1);
        let misfit = if seq > sender.max_end {
            let over = (end - sender.max_end).wrapping_add(1);
            let slightly = receiver.max_window != 0
                && in_window
                && ack_is_recent
                && over <= receiver.max_window
                && sack <= receiver.end;
            if slightly {
                // Some send more than they may. If the other side acknowledges it, that must not be a surprise.
                sender.end = end;
                sender.unacknowledged = true;
                Some(Fit::Ignore)
            } else {
                Some(Fit::Invalid)
            }
        } else if sack > receiver.end {
            Some(Fit::Invalid)
        } else if (receiver.max_window != 0 && !in_window) || !ack_is_recent {
            // Long acknowledged, or long delayed.
            Some(Fit::Ignore)
        } else {
            None
        };
        if let Some(misfit) = misfit {
            return if sender.liberal { Fit::Accept } else { misfit };
        }
        let window = if syn { u32::from(segment.window) } else { u32::from(segment.window) << sender.scale };
        sender.max_window = sender.max_window.max(window.wrapping_add(sack - ack));
        if end > sender.end {
            sender.end = end;
            sender.unacknowledged = true;
        }
        if has_ack && sender.max_ack.is_none_or(|known| ack > known) {
            sender.max_ack = Some(ack);
        }
        if receiver.max_window != 0 && end > sender.max_end {
            receiver.max_window = receiver.max_window.wrapping_add(end - sender.max_end);
        }
        if sack + window >= receiver.max_end {
            receiver.max_end = sack + window;
            if window == 0 {
                receiver.max_end += 1;
            }
        }
        if ack == receiver.end {
            receiver.unacknowledged = false;
        }
        if kind == Kind::Ack {
            let last = &mut self.last;
            let now = (direction, seq, ack, end, segment.window);
            if (last.direction, last.seq, last.ack, last.end, last.window) == now {
                self.repetitions = self.repetitions.saturating_add(1);
            } else {
                (last.direction, last.seq, last.ack, last.end, last.window) = now;
                self.repetitions = 0;
            }
        }
        Fit::Accept
    }

    /// How long the entry lives after a segment that was accepted.
    fn life(&self, kind: Kind, standing: Standing, timeouts: &Timeouts) -> Duration {
        let usual = timeouts.of(self.state);
        let unacknowledged = self.seen.iter().any(|side| side.unacknowledged);
        if self.repetitions >= MOST_REPETITIONS && usual > timeouts.max_retrans() {
            timeouts.max_retrans()
        } else if kind == Kind::Rst {
            timeouts.of(TrackState::Close)
        } else if unacknowledged && usual > timeouts.unacknowledged() {
            timeouts.unacknowledged()
        } else if self.last.window == 0 && usual > timeouts.max_retrans() {
            timeouts.max_retrans()
        } else if self.state == TrackState::Established && !standing.replied {
            usual.min(timeouts.unacknowledged())
        } else {
            usual
        }
    }
}

/// What a RST is thought of.
enum Reset {
    /// Forged, or too old.
    Invalid,
    /// It ends the connection, wherever the windows are.
    Believed,
    /// It ends the connection if it lies in the window.
    Plausible,
    /// It passes if it lies in the window, but the connection may live on.
    Doubtful,
}

impl Seen {
    fn take_options(&mut self, segment: &Segment) {
        // RFC 7323, section 2.3: at most 14.
        self.scale = segment.window_scale.unwrap_or_default().min(14);
        self.scales = segment.window_scale.is_some();
        self.sack = segment.sack_permitted;
    }

    /// A SYN or SYN-ACK of this side (`tcp_init_sender`).
    fn begin(&mut self, receiver: &mut Self, segment: &Segment, direction: Direction) {
        let (end, max_window) = (end_of(segment), u32::from(segment.window).max(1));
        // `tcp_options` forgets what was offered before, but not that the side is let off (`IP_CT_TCP_FLAG_BE_LIBERAL`).
        *self = Self { end, max_end: end, max_window, liberal: self.liberal, ..Self::default() };
        self.take_options(segment);
        // Windows are scaled if both sides offer it.
        if direction == Direction::Reply && !(self.scales && receiver.scales) {
            (self.scale, receiver.scale) = (0, 0);
        }
    }
}

fn end_of(segment: &Segment) -> SeqNr {
    segment.seq + segment.seq_len()
}

const fn before(number: SeqNr, by: u32) -> SeqNr {
    SeqNr(number.0.wrapping_sub(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_does_not_end_the_indulgence_towards_a_connection_picked_up() {
        let mut sender = Seen { liberal: true, scale: 7, sack: true, closes: true, ..Seen::default() };
        sender.begin(&mut Seen::default(), &Segment { flags: Flags::SYN, ..Segment::default() }, Direction::Reply);
        assert!(sender.liberal);
        assert!(!sender.sack && !sender.closes && sender.scale == 0, "the rest is begun anew");
    }
}
