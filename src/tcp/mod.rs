//! One TCP connection as a state machine (RFC 9293), without I/O and without a clock: segments and instants go in,
//! segments and instants come out.
//!
//! The owner of a [`Connection`] calls
//! - [`Connection::on_segment`] when a segment arrives, [`Connection::on_timer`] when the deadline has come,
//!   [`Connection::on_unreachable`] when an ICMP error about it arrives;
//! - [`Connection::send`], [`Connection::close`], [`Connection::abort`], [`Connection::read`] for the application;
//! - [`Connection::poll_transmit`] after any of these, until it returns `None`;
//! - [`Connection::next_deadline`] after that, and `on_timer` no later than then.
//!
//! | file | subject |
//! |---|---|
//! | `connection` | the transmission control block, the calls of the user (RFC 9293, 3.10.1 to 3.10.5) |
//! | `arrival` | a segment arrives (3.10.7) |
//! | `output` | what to send next (3.8.6, 3.10.2) |
//! | `timeout` | retransmission, connection attempts, TIME-WAIT (RFC 6298) |
//! | `timers`, `rtt`, `congestion` | the timer table, the round-trip estimator, the congestion window |
//! | `send_buffer`, `assembler` | octets not yet acknowledged, octets not yet in order |
//! | `reset` | the RST that answers a segment no connection wants (3.10.7.1) |
//!
//! Modelled: all eleven states, MSS option, windows, reassembly, retransmission, slow start and congestion avoidance
//! (RFC 5681), zero window probes, challenge ACKs (RFC 5961). Not yet: fast retransmit, SACK, window scaling, delayed
//! ACK, Nagle, urgent data, a new SYN in TIME-WAIT, the check of old acknowledgements (RFC 5961, section 5).

mod arrival;
mod assembler;
mod config;
mod congestion;
mod connection;
mod output;
mod reset;
mod rtt;
mod send_buffer;
mod state;
mod timeout;
mod timers;

#[cfg(test)]
mod pair;

pub use config::{Config, SynRetries};
pub use connection::{Connection, Failure, Outcome};
pub use reset::reset_for;
pub use state::State;
pub use timers::TimerKind;
