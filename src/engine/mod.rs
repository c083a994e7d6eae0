//! The discrete-event engine: moves packets through nodes and links, runs the stacks and the FTP programs on them, and
//! tells the observer.
//!
//! The order of events is total and documented: by simulated time, and among events of one instant by the order in
//! which they were scheduled. Nothing else decides; hash maps are only looked up in, never walked.
//!
//! | file | subject |
//! |---|---|
//! | `queue` | the event queue |
//! | `simulation` | the state, the clock, the loop |
//! | `walk` | a packet's way through one node: hooks, routing, link |
//! | `table_events` | what happens to connection tracking tables, recorded |
//! | `translate` | NAT and the FTP helper on that way |
//! | `faults` | what goes wrong on a link |
//! | `icmp_errors` | what a node says about packets it will not deliver: ICMP errors, RST |
//! | `stack` | sockets, listeners and ports of a node |
//! | `ports` | which local port a socket takes |
//! | `slab` | values under small numbers |
//! | `transport` | segments to sockets and back |
//! | `programs` | the FTP programs of a node and what they are told |
//! | `timers` | the timers of the FTP programs |
//! | `host` | what the FTP programs ask for |

mod faults;
mod host;
mod icmp_errors;
mod ports;
mod programs;
mod queue;
mod simulation;
mod slab;
mod stack;
mod table_events;
mod timers;
mod translate;
mod transport;
mod walk;

pub use simulation::{LimitReached, Limits, Simulation};
