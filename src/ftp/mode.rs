//! How a data connection is arranged.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The four ways to arrange a data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// PORT (RFC 959, section 4.1.2): the server connects to the client.
    Active,
    /// PASV (RFC 959, section 4.1.2): the client connects to the server.
    #[default]
    Passive,
    /// EPRT (RFC 2428, section 2): active, for any address family.
    ActiveEprt,
    /// EPSV (RFC 2428, section 3): passive, naming only a port.
    PassiveEpsv,
}

impl Mode {
    /// All modes, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Active, Self::Passive, Self::ActiveEprt, Self::PassiveEpsv];

    /// The name on the command line and in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActiveEprt => "active-eprt",
            Self::PassiveEpsv => "passive-epsv",
        }
    }

    /// The command that negotiates it.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Active => "PORT",
            Self::Passive => "PASV",
            Self::ActiveEprt => "EPRT",
            Self::PassiveEpsv => "EPSV",
        }
    }

    /// Whether the server opens the data connection.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active | Self::ActiveEprt)
    }

    /// The mode on the other side: who knocks is exchanged, the command family stays.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Active => Self::Passive,
            Self::Passive => Self::Active,
            Self::ActiveEprt => Self::PassiveEpsv,
            Self::PassiveEpsv => Self::ActiveEprt,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no mode has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no mode '{0}': write active, passive, active-eprt or passive-epsv")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| UnknownMode(text.to_owned()))
    }
}
