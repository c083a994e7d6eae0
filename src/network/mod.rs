//! Nodes, interfaces and links as a graph, and the routes through it.

mod link;
mod route;
mod topology;

pub use link::{Chance, Faults, Link, LinkSettings};
pub use route::{Route, Routes, is_broadcast_at, is_martian};
pub use topology::{Hop, Interface, LOOPBACK, Topology};
