//! One TCP connection as a state machine (RFC 9293), without I/O and without a clock: segments and instants go in,
//! segments and instants come out.
//!
//! The owner of a [`Connection`] calls
//! - [`Connection::on_segment`] when a segment arrives, [`Connection::on_timer`] when the deadline has come,
//!   [`Connection::on_unreachable`] when an ICMP error about it arrives;
//! - [`Connection::write`] (or [`Connection::send`]), [`Connection::close`], [`Connection::abort`], [`Connection::read`] for the application;
//! - [`Connection::poll_transmit`] after any of these, until it returns `None`;
//! - [`Connection::has_become_writable`] after that, and tells the application;
//! - [`Connection::next_deadline`] after that, and `on_timer` no later than then.
//!
//! | file | subject |
//! |---|---|
//! | `connection` | the transmission control block, the calls of the user (RFC 9293, 3.10.1 to 3.10.5) |
//! | `arrival` | a segment arrives (3.10.7) |
//! | `answers` | acknowledgements of what does not belong, and how often (RFC 5961), TIME-WAIT |
//! | `burst` | segments that leave together, and their PSH |
//! | `output` | what to send next (3.8.6, 3.10.2) |
//! | `timeout` | retransmission, connection attempts, TIME-WAIT (RFC 6298) |
//! | `timers`, `rtt`, `congestion` | the timer table, the round-trip estimator, the congestion window |
//! | `send_buffer`, `assembler` | bytes not yet acknowledged and how many there may be, bytes not yet in order |
//! | `recovery`, `sack` | loss without waiting for the timer: fast retransmit, `NewReno` (RFC 6582), SACK (RFC 2018, 6675) |
//! | `tail_loss` | probes for a lost tail (RFC 8985, section 7) |
//! | `delayed_ack` | when to acknowledge (3.8.6.3; RFC 5681, 4.2) |
//! | `timestamps` | the timestamps option (RFC 7323, sections 3 to 5) |
//! | `window` | the receive window and its scaling (RFC 7323) |
//! | `keep_alive`, `icmp` | silent peers (3.8.4); ICMP errors and path MTU (3.9.2.2; RFC 1191, 8201) |
//! | `reset` | the RST that answers a segment no connection wants (3.10.7.1) |
//! | `config` | the settings of a TCP stack |
//! | `state` | the states of a connection (RFC 9293, section 3.3.2) |
//!
//! Modelled: all eleven states; MSS, window scale, SACK and timestamps options; windows, zero-window probes, reassembly; Nagle's
//! algorithm, delayed ACK; retransmission, slow start, congestion avoidance, fast retransmit and recovery (RFC 5681,
//! 6582, 6675), limited transmit (RFC 3042); path MTU discovery; keep-alive; challenge ACKs (RFC 5961). Not: ECN, CUBIC and BBR, RACK (RFC 8985, section 6), urgent data, checksums.

mod answers;
mod arrival;
mod assembler;
mod burst;
mod config;
mod congestion;
mod connection;
mod delayed_ack;
mod icmp;
mod keep_alive;
mod output;
mod recovery;
mod reset;
mod rtt;
mod sack;
mod send_buffer;
mod state;
mod tail_loss;
mod timeout;
mod timers;
mod timestamps;
mod window;

#[cfg(test)]
mod measured_tests;
#[cfg(test)]
mod out_of_place_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod stress_tests;
#[cfg(test)]
mod testing;

pub use config::{Config, KeepAlive, SynRetries};
pub use connection::{Connection, Failure, Outcome};
pub use reset::reset_for;
pub use state::State;
pub use timers::TimerKind;
