//! The transmission control block and the calls of the user (RFC 9293, sections 3.3.1 and 3.10.1 to 3.10.5).

use super::answers::Answers;
use super::assembler::Assembler;
use super::burst::Burst;
use super::congestion::Congestion;
use super::delayed_ack::DelayedAck;
use super::recovery::Recovery;
use super::rtt::RttEstimator;
use super::send_buffer::SendBuffer;
use super::timers::Timers;
use super::timestamps::Clock;
use super::window::ReceiveWindow;
use super::{Config, State, TimerKind};
use crate::packet::{Endpoint, Segment, SeqNr, TIMESTAMPS_LEN, Unreachable};
use crate::time::{Duration, Instant};
use bytes::Bytes;
use std::collections::VecDeque;

/// Why a connection ended without both sides closing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// A RST answered our SYN.
    Refused,
    /// A RST ended an established connection.
    Reset,
    /// Nobody answered, and all repetitions are used up.
    TimedOut,
    /// An ICMP error answered our SYN.
    Unreachable(Unreachable),
    /// The host's own route there is a black hole (EINVAL).
    Invalid,
    /// The host's own routes forbid it (EACCES).
    Prohibited,
}

/// What a call to the connection brought about, for its owner to act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The handshake is complete.
    pub connected: bool,
    /// [`Connection::read`] has something.
    pub readable: bool,
    /// The peer's FIN was reached: nothing more will come.
    pub peer_closed: bool,
    /// A write did not fit earlier and an acknowledgement came: ask [`Connection::has_become_writable`].
    pub room: bool,
    /// Our FIN was acknowledged: everything has arrived.
    pub fin_acked: bool,
    /// Both directions are closed: TIME-WAIT or CLOSED after an orderly close.
    pub done: bool,
    /// The connection is gone and why.
    pub failed: Option<Failure>,
    /// Which timer ran out, how often in a row, and how long it ran.
    pub expired: Option<(TimerKind, u32, Duration)>,
    states: [Option<(State, State)>; 4],
}

impl Outcome {
    /// The changes of state, in order.
    pub fn transitions(&self) -> impl Iterator<Item = (State, State)> {
        self.states.into_iter().flatten()
    }

    fn note(&mut self, from: State, to: State) {
        if let Some(slot) = self.states.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some((from, to));
        }
    }
}

/// One end of a TCP connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) config: Config,
    pub(super) local: Endpoint,
    pub(super) remote: Endpoint,
    pub(super) state: State,
    /// Whether this end began the connection.
    pub(super) initiator: bool,

    // Send sequence space (RFC 9293, figure 3).
    pub(super) iss: SeqNr,
    pub(super) snd_una: SeqNr,
    /// The next number to send; goes back to `snd_una` when a timeout makes us send again.
    pub(super) snd_nxt: SeqNr,
    /// The highest number ever sent: SND.NXT of the RFC wherever an acknowledgement is judged.
    pub(super) snd_max: SeqNr,
    pub(super) snd_wnd: u32,
    /// The largest window that the peer has offered.
    pub(super) max_window: u32,
    pub(super) snd_wl1: SeqNr,
    pub(super) snd_wl2: SeqNr,
    pub(super) peer_mss: u16,
    /// The largest payload that the path is known to take, by ICMP.
    pub(super) path_mss: u16,
    /// By how many bits the peer's windows are shifted (RFC 7323, section 2.3).
    pub(super) snd_scale: u8,
    pub(super) unsent: SendBuffer,
    /// Our SYN is acknowledged: SND.UNA counts data from here on.
    pub(super) synchronized: bool,
    /// The user has closed: a FIN follows the last byte.
    pub(super) fin_queued: bool,
    /// No program holds this end any more.
    pub(super) orphan: bool,
    /// The program reads no more (`RCV_SHUTDOWN`).
    pub(super) receive_closed: bool,
    /// The number our FIN took, once it was sent.
    pub(super) fin_sent: Option<SeqNr>,
    /// The peer's window is shut and it is time to ask whether it has opened (RFC 9293, section 3.8.6.1).
    pub(super) probe_owed: bool,
    /// Where the segments end that were sent since nothing was known to be lost and that are not acknowledged: Linux
    /// counts its congestion window in segments, however small. With when each was sent.
    pub(super) segments: VecDeque<(SeqNr, Instant)>,
    /// What lies below this was sent more than once: when its acknowledgement answers what, only timestamps tell.
    pub(super) repeated_below: SeqNr,
    /// Segments that go out in one burst with this one: see [`Connection::begin_burst`].
    pub(super) burst: Burst,
    /// Where the last segment that was not full ended (Minshall's variant of Nagle's algorithm, as in Linux).
    pub(super) small_end: SeqNr,

    // Receive sequence space (RFC 9293, figure 4).
    pub(super) rcv_nxt: SeqNr,
    /// `Last.ACK.sent` of RFC 7323, `rcv_wup` of Linux: what was acknowledged last.
    pub(super) last_ack_sent: SeqNr,
    /// The right edge of the window that was offered; it never goes back (RFC 9293, section 3.8.6).
    pub(super) rcv_edge: SeqNr,
    /// The window that we would offer a peer to whom nothing is unread.
    pub(super) rcv_wnd: ReceiveWindow,
    /// By how many bits our windows are shifted.
    pub(super) rcv_scale: u8,
    /// Both SYNs carried the option.
    pub(super) scaling_ok: bool,
    pub(super) sack_ok: bool,
    pub(super) clock: Clock,
    pub(super) assembler: Assembler,
    /// Where the peer's FIN lies, once it has been seen, even ahead of a gap.
    pub(super) fin_at: Option<SeqNr>,
    pub(super) ready: VecDeque<Bytes>,
    pub(super) ready_len: u32,

    pub(super) rtt: RttEstimator,
    pub(super) congestion: Congestion,
    pub(super) recovery: Recovery,
    pub(super) delayed_ack: DelayedAck,
    pub(super) answers: Answers,
    pub(super) timers: Timers,
    /// How often the oldest unacknowledged segment was repeated.
    pub(super) repeated: u32,
    /// How many of these an ICMP error brought forward.
    pub(super) reverted: u16,
    /// The last ICMP error since something was acknowledged.
    pub(super) soft_error: Option<Unreachable>,
    pub(super) unanswered_probes: u8,
    /// Where the flight ended for whose tail a probe was sent, until it is acknowledged: one probe for each.
    pub(super) probed: Option<SeqNr>,
    /// Where the probe begins that is to be sent.
    pub(super) tail_owed: Option<SeqNr>,

    // What `poll_transmit` owes.
    pub(super) syn_owed: bool,
    pub(super) ack_owed: bool,
    pub(super) keep_alive_owed: bool,
    pub(super) rst_owed: Option<Box<Segment>>,
}

impl Connection {
    /// Active OPEN (RFC 9293, section 3.10.1): SYN-SENT, with a SYN to be sent.
    pub fn connect(config: Config, local: Endpoint, remote: Endpoint, iss: SeqNr) -> (Self, Outcome) {
        let mut connection = Self::new(config, local, remote, iss, true);
        let mut outcome = Outcome::default();
        connection.enter(State::SynSent, &mut outcome);
        (connection, outcome)
    }

    /// A SYN reached a listener (RFC 9293, section 3.10.7.2): SYN-RECEIVED, with a SYN-ACK to be sent.
    pub fn accept(config: Config, local: Endpoint, remote: Endpoint, iss: SeqNr, syn: &Segment) -> (Self, Outcome) {
        let mut connection = Self::new(config, local, remote, iss, false);
        connection.state = State::Listen;
        let mut outcome = Outcome::default();
        connection.scaling_ok = config.window_scaling;
        connection.sack_ok = config.sack;
        connection.take_syn(syn);
        // The first window counts whole segments as the peer will send them.
        let mss = connection.own_mss() - connection.options_of_each_segment() as u16;
        connection.rcv_wnd = ReceiveWindow::new(&config, mss);
        connection.rcv_edge = connection.rcv_nxt + connection.rcv_wnd.first(connection.scaling_ok);
        connection.settle_window();
        connection.enter(State::SynReceived, &mut outcome);
        (connection, outcome)
    }

    fn new(config: Config, local: Endpoint, remote: Endpoint, iss: SeqNr, initiator: bool) -> Self {
        let mss = own_mss(&config, local);
        let clock = Clock::new(config.timestamps, local, remote);
        Self {
            config,
            local,
            remote,
            state: State::Closed,
            initiator,
            iss,
            snd_una: iss,
            snd_nxt: iss,
            snd_max: iss,
            snd_wnd: 0,
            max_window: 0,
            snd_wl1: SeqNr(0),
            snd_wl2: SeqNr(0),
            // RFC 9293, section 3.7.1: 536 (IPv4) or 1220 (IPv6) until the peer's option says otherwise.
            snd_scale: 0,
            path_mss: u16::MAX,
            peer_mss: if local.ip.is_ipv4() { 536 } else { 1220 },
            unsent: SendBuffer::default(),
            synchronized: false,
            fin_queued: false,
            orphan: false,
            receive_closed: false,
            fin_sent: None,
            probe_owed: false,
            segments: VecDeque::new(),
            repeated_below: iss,
            burst: Burst::default(),
            small_end: iss,
            rcv_nxt: SeqNr(0),
            last_ack_sent: SeqNr(0),
            rcv_edge: SeqNr(0),
            rcv_wnd: ReceiveWindow::new(&config, mss),
            rcv_scale: 0,
            scaling_ok: config.window_scaling,
            sack_ok: config.sack,
            clock,
            assembler: Assembler::default(),
            fin_at: None,
            ready: VecDeque::new(),
            ready_len: 0,
            rtt: RttEstimator::new(config.initial_rto),
            congestion: Congestion::new(u32::from(mss)),
            recovery: Recovery::new(iss),
            delayed_ack: DelayedAck::new(mss),
            answers: Answers::default(),
            timers: Timers::new(),
            repeated: 0,
            reverted: 0,
            soft_error: None,
            unanswered_probes: 0,
            probed: None,
            tail_owed: None,
            syn_owed: true,
            ack_owed: false,
            keep_alive_owed: false,
            rst_owed: None,
        }
    }

    /// The state now.
    pub const fn state(&self) -> State {
        self.state
    }
    /// This end.
    pub const fn local(&self) -> Endpoint {
        self.local
    }
    /// The far end.
    pub const fn remote(&self) -> Endpoint {
        self.remote
    }
    /// Whether this end began the connection: whether it knocked.
    pub const fn is_initiator(&self) -> bool {
        self.initiator
    }
    /// Call [`Self::on_timer`] no later than this. Ask again after every other call.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
    /// Whether a new connection may take this one's place: it is over, and timestamps tell old segments from new ones
    /// (RFC 6191, section 2).
    pub fn can_be_reused(&self) -> bool {
        self.state == State::TimeWait && self.clock.ok
    }
    /// Whether it makes way for a SYN of the peer: one that is clearly newer than all that came before (RFC 6191, section
    /// 2; RFC 1122, section 4.2.2.13).
    pub fn gives_way_to(&self, syn: &Segment) -> bool {
        let newer = self.is_later(syn) || (syn.seq > self.rcv_nxt && !self.is_from_long_ago(syn));
        self.state == State::TimeWait && syn.is_syn() && newer
    }
    /// The first number of the connection that takes this one's place: beyond all that this one may have had in flight
    /// (`tcp_timewait_state_process`).
    pub fn successor(&self) -> SeqNr {
        self.snd_max + (u32::from(u16::MAX) + 2)
    }
    /// Bytes that the peer has not acknowledged.
    pub const fn unacknowledged(&self) -> u32 {
        self.unsent.len()
    }

    /// SEND (section 3.10.2) without a limit, for a program that never gives more than a dialogue's lines; others use
    /// [`Self::write`]. Bytes given after [`Self::close`] or after a failure are lost, as a write to a closed
    /// socket is; `false` says so.
    pub fn send(&mut self, bytes: Bytes) -> bool {
        let open = self.state.can_send() && !self.fin_queued;
        if open {
            self.unsent.push(bytes);
        }
        open
    }

    /// RECEIVE (section 3.10.3): the next bytes in order.
    pub fn read(&mut self) -> Option<Bytes> {
        let bytes = self.ready.pop_front()?;
        self.ready_len -= bytes.len() as u32;
        self.rcv_wnd.was_read(bytes.len() as u32);
        // Receiver's silly window avoidance (RFC 9293, section 3.8.6.2.2): tell of a window that was shut, once it is
        // worth a segment again.
        let worth = self.worth_offering();
        self.ack_owed |= self.offered_window() < worth && self.receive_room() >= worth;
        if self.ready.is_empty() {
            self.acknowledge_what_was_read();
        }
        Some(bytes)
    }

    /// CLOSE by a program that does not come back (`close(2)`; [`Self::close`] is `shutdown(2)`): what still comes is
    /// answered with RST, and the peer's FIN is not waited for without end.
    pub fn leave(&mut self, now: Instant) -> Outcome {
        if self.state == State::FinWait2 && !self.orphan {
            self.timers.set(TimerKind::FinWait2, now + self.config.fin_timeout);
        }
        self.orphan = true;
        self.linger()
    }

    /// CLOSE by a program that waits until everything has arrived (`SO_LINGER`): it reads no more, but is still there.
    /// [`Self::leave`] ends the wait.
    pub fn linger(&mut self) -> Outcome {
        self.receive_closed = true;
        self.close()
    }

    /// CLOSE (section 3.10.4): what was sent still goes out, then a FIN.
    pub fn close(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        match self.state {
            State::SynSent => self.vanish(&mut outcome),
            // Queued until the handshake is complete.
            State::SynReceived => self.fin_queued = true,
            State::Established => {
                self.fin_queued = true;
                self.enter(State::FinWait1, &mut outcome);
            }
            State::CloseWait => {
                self.fin_queued = true;
                self.enter(State::LastAck, &mut outcome);
            }
            _ => {}
        }
        outcome
    }

    /// ABORT (section 3.10.5): the connection is gone at once; the peer of a synchronized one is sent a RST.
    pub fn abort(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        if matches!(
            self.state,
            State::SynReceived | State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait
        ) {
            self.rst_owed = Some(Box::new(self.reset_segment()));
        }
        self.vanish(&mut outcome);
        outcome
    }

    /// The connection is gone at once, and nobody is told.
    pub fn forget(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        self.vanish(&mut outcome);
        outcome
    }

    pub(super) fn enter(&mut self, state: State, outcome: &mut Outcome) {
        if self.state != state {
            outcome.note(self.state, state);
            self.state = state;
        }
    }

    /// CLOSED, with nothing left to do.
    pub(super) fn vanish(&mut self, outcome: &mut Outcome) {
        self.timers.stop_all();
        self.unsent.clear();
        self.syn_owed = false;
        self.ack_owed = false;
        self.enter(State::Closed, outcome);
    }

    pub(super) fn fail(&mut self, failure: Failure, outcome: &mut Outcome) {
        outcome.failed = Some(failure);
        self.vanish(outcome);
    }

    /// The largest payload of a segment: what both ends and the path can take.
    pub(super) fn effective_mss(&self) -> u32 {
        self.mss_with_options() - self.options_of_each_segment()
    }

    /// The same with the options that every segment carries (RFC 6691, section 2).
    pub(super) fn mss_with_options(&self) -> u32 {
        u32::from(self.peer_mss.min(self.path_mss).min(self.own_mss())).max(LEAST_MSS)
    }

    pub(super) const fn options_of_each_segment(&self) -> u32 {
        if self.clock.ok { TIMESTAMPS_LEN } else { 0 }
    }

    /// The MSS option that we send.
    pub(super) const fn own_mss(&self) -> u16 {
        own_mss(&self.config, self.local)
    }
}

/// Whatever a peer says, a segment carries something beside its options: Linux's `TCP_MIN_SND_MSS`.
const LEAST_MSS: u32 = 48;

/// RFC 6691: an IPv6 header is 20 bytes longer.
const fn own_mss(config: &Config, local: Endpoint) -> u16 {
    if local.ip.is_ipv4() { config.mss } else { config.mss.saturating_sub(20) }
}
