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
//! | `table` | what happens to connection tracking tables, told |
//! | `translate` | NAT and the FTP helper on that way |
//! | `answer` | what a node says about packets it will not deliver: ICMP errors, RST |
//! | `stack` | sockets, listeners and ports of a node |
//! | `transport` | segments to sockets and back |
//! | `apps` | the FTP programs of a node and what they are told |
//! | `timers` | the timers of the FTP programs |
//! | `host` | what the FTP programs ask for |

mod answer;
mod apps;
mod faults;
mod host;
mod queue;
mod simulation;
mod stack;
mod table;
mod timers;
mod translate;
mod transport;
mod walk;

pub use simulation::{LimitReached, Limits, Simulation};
