//! Nodes, interfaces and links as a graph, and the routes through it.
//!
//! | file | subject |
//! |---|---|
//! | `link` | a link: two directions, each with a delay, a rate and a queue |
//! | `route` | routes, found when first asked for and then remembered: never a table of all pairs |
//! | `tables` | whole routing tables, for those who write them down |
//! | `topology` | the graph of nodes and links |

mod link;
mod route;
mod tables;
mod topology;

pub use link::{Chance, Faults, Link, LinkSettings};
pub use route::{Route, Routes, is_broadcast_at, is_martian};
pub use tables::{Span, Table, Tables};
pub use topology::{Hop, Interface, LOOPBACK, Topology};
