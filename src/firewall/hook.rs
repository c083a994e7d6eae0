//! The five places where netfilter shows packets to rules.

use std::fmt;

/// Where in a packet's walk through a node a chain is consulted (netfilter's hooks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Every packet that arrives, before routing.
    Prerouting,
    /// Packets for this node itself.
    Input,
    /// Packets passing through.
    Forward,
    /// Packets this node made.
    Output,
    /// Every packet that leaves, after routing.
    Postrouting,
}

impl Hook {
    /// All hooks in the order a packet meets them.
    pub const ALL: [Self; 5] = [Self::Prerouting, Self::Input, Self::Forward, Self::Output, Self::Postrouting];

    /// nftables' name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prerouting => "prerouting",
            Self::Input => "input",
            Self::Forward => "forward",
            Self::Output => "output",
            Self::Postrouting => "postrouting",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
