//! What makes one client program different from another: what it says after the greeting, in which order it prepares a
//! transfer, what it tries when that is refused.
//!
//! Recorded from curl 7.88.1, lftp 4.9.2, tnftp 20210827 and inetutils-ftp 2.4.

use crate::ftp::{CommandResult, Hello, Mode};
use crate::time::Duration;

/// What a program sets its sockets to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// Silence before the first keep-alive probe, and between probes (`SO_KEEPALIVE`, `TCP_KEEPIDLE`, `TCP_KEEPINTVL`).
    pub keep_alive: Option<(Duration, Duration)>,
    /// Bytes of payload that the receive buffer has room for (`SO_RCVBUF`); the kernel's own choice if it is not set.
    pub receive_buffer: Option<u32>,
}

/// Which real client is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Software {
    /// curl 7.88.1.
    #[default]
    Curl,
    /// lftp 4.9.2.
    Lftp,
    /// tnftp 20210827.
    Tnftp,
    /// inetutils-ftp 2.4: the classic `ftp`.
    Ftp,
}

/// What is said between the greeting and the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Features,
    Auth,
    /// With the other name, if the first was refused.
    AuthAgain,
    ClientName,
    Language,
    Utf8,
    HostName,
    User,
    Password,
    Buffer,
    Protection,
    System,
    /// Once more, if it was refused before the login.
    Utf8Again,
    Facts,
    Where,
}

/// What a transfer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Negotiate,
    Type,
    Size,
    Time,
    /// PRET.
    Announce,
    Transfer,
    /// MDTM for the file that has come.
    TimeAfter,
    /// MFMT or SITE UTIME for the file that has gone.
    SetTime,
}

/// What is done with an address in 227 that is not the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PasvAddressPolicy {
    /// It is believed.
    Believed,
    /// The control connection's is used, whatever 227 says.
    Ignored,
    /// The control connection's is used instead of one that cannot be right; with `all` off, only instead of 0.0.0.0.
    Fixed { all: bool },
    /// The transfer is called off.
    Refused,
}

/// Why another way is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server said this.
    Refused(u16),
    /// The data connection did not come about.
    NotConnected,
}

/// What becomes of the control connection when a command of the run list has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// The next entry uses it.
    Stays,
    /// It is closed without QUIT, and the next entry opens another.
    HangsUp,
    /// It is closed without QUIT, and the same entry is tried on another.
    TriesAgain,
}

/// Another way to arrange the data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fallback {
    pub(super) mode: Mode,
    /// For the steps that follow too.
    pub(super) stays: bool,
    /// With the port that was named before.
    pub(super) same_port: bool,
}

impl Software {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Curl, Self::Lftp, Self::Tnftp, Self::Ftp];

    /// The name in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Lftp => "lftp",
            Self::Tnftp => "tnftp",
            Self::Ftp => "ftp",
        }
    }

    /// Whether it speaks TLS.
    pub const fn knows_tls(self) -> bool {
        matches!(self, Self::Curl | Self::Lftp)
    }

    /// What it sets its sockets to.
    pub(super) const fn socket_options(self) -> SocketOptions {
        match self {
            // `--keepalive-time` is 60 s unless said otherwise.
            Self::Curl => SocketOptions {
                keep_alive: Some((Duration::from_secs(60), Duration::from_secs(60))),
                receive_buffer: None,
            },
            // strace shows SO_KEEPALIVE and nothing else: the times are the kernel's (`tcp_keepalive_time`).
            Self::Lftp => SocketOptions {
                keep_alive: Some((Duration::from_secs(7200), Duration::from_secs(75))),
                receive_buffer: None,
            },
            Self::Tnftp => SocketOptions { keep_alive: None, receive_buffer: Some(128 << 10) },
            Self::Ftp => SocketOptions { keep_alive: None, receive_buffer: None },
        }
    }

    pub(super) const fn opening(self) -> &'static [Opening] {
        use Opening::{
            Auth, AuthAgain, Buffer, ClientName, Facts, Features, HostName, Language, Password, Protection, System,
            User, Utf8, Utf8Again, Where,
        };
        match self {
            Self::Curl => &[Auth, AuthAgain, User, Password, Buffer, Protection, Where],
            Self::Lftp => &[
                Features, Auth, ClientName, Language, Utf8, HostName, User, Password, Utf8Again, Facts, Where, Buffer,
                Protection,
            ],
            Self::Tnftp => &[User, Password, System, Features],
            Self::Ftp => &[System, User, Password],
        }
    }

    pub(super) const fn stages(self) -> &'static [Stage] {
        use Stage::{Announce, Negotiate, SetTime, Size, Time, TimeAfter, Transfer, Type};
        match self {
            Self::Curl => &[Negotiate, Type, Size, Transfer],
            Self::Lftp => &[Type, Size, Time, Announce, Negotiate, Transfer, SetTime],
            Self::Tnftp => &[Type, Size, Negotiate, Transfer, TimeAfter],
            Self::Ftp => &[Type, Negotiate, Transfer],
        }
    }

    /// What TYPE is taken to be before it was said: curl says it anyway, the others know that a session begins with
    /// TYPE A (RFC 959, section 3.1.1.1).
    pub(super) const fn type_at_first(self) -> Option<bool> {
        match self {
            Self::Curl => None,
            Self::Lftp | Self::Tnftp | Self::Ftp => Some(false),
        }
    }

    /// How long it waits for a reply, if it waits so long for a connection: curl 2 minutes (`RESP_TIMEOUT`), lftp as
    /// long (`net:timeout`, by itself 5 minutes), tnftp too (`-q`, by itself 1 minute). `ftp` would wait for ever.
    pub fn patience(self, connect_timeout: Option<Duration>) -> Duration {
        match self {
            Self::Curl => Duration::from_secs(120),
            Self::Lftp => connect_timeout.unwrap_or(Duration::from_secs(300)),
            Self::Tnftp => connect_timeout.unwrap_or(Duration::from_secs(60)),
            Self::Ftp => Duration::from_secs(1800),
        }
    }

    /// Whether it opens another control connection when one is lost.
    pub(super) const fn calls_again(self) -> bool {
        matches!(self, Self::Curl | Self::Lftp)
    }

    /// How long it tries to open its control connection, if nobody says; `None` is as long as TCP does. As recorded,
    /// inetutils-ftp gives up after 5 s, on the control connection only.
    pub(super) const fn call_timeout(self) -> Option<Duration> {
        match self {
            Self::Ftp => Some(Duration::from_secs(5)),
            Self::Curl | Self::Lftp | Self::Tnftp => None,
        }
    }

    /// What becomes of the control connection when an entry ends like this while it is still there.
    pub(super) const fn on_failure(self, result: CommandResult, active: bool) -> OnFailure {
        match (self, result) {
            (_, CommandResult::Ok | CommandResult::Reply(_) | CommandResult::NotRun)
            | (Self::Tnftp | Self::Ftp, _)
            | (Self::Lftp, CommandResult::Incomplete) => OnFailure::Stays,
            // curl (`ftp_done`): that nobody came to its port leaves the control connection alone.
            (Self::Curl, CommandResult::Connect(_)) if active => OnFailure::Stays,
            (Self::Curl, _) => OnFailure::HangsUp,
            (Self::Lftp, _) => OnFailure::TriesAgain,
        }
    }

    /// The keys that its first hello offers: curl's OpenSSL one for X25519, lftp's `GnuTLS` one for P-256 as well.
    pub(super) const fn hello(self) -> Hello {
        match self {
            Self::Lftp => Hello::P256,
            Self::Curl | Self::Tnftp | Self::Ftp => Hello::X25519,
        }
    }

    /// Whether it compares what has come with what SIZE said.
    pub(super) const fn compares_size(self) -> bool {
        matches!(self, Self::Curl | Self::Lftp)
    }

    /// Whether files come as TYPE I only from a server that calls itself UNIX.
    pub(super) const fn asks_system(self) -> bool {
        matches!(self, Self::Tnftp | Self::Ftp)
    }

    pub(super) const fn pasv_address_policy(self) -> PasvAddressPolicy {
        match self {
            Self::Curl => PasvAddressPolicy::Ignored,
            Self::Lftp => PasvAddressPolicy::Fixed { all: true },
            Self::Tnftp | Self::Ftp => PasvAddressPolicy::Refused,
        }
    }

    /// The mode that is tried on another control connection after the server refused `mode` with 5xx.
    pub(super) const fn other_mode(self, mode: Mode) -> Option<Mode> {
        match (self, mode.is_active()) {
            (Self::Lftp, true) => Some(Mode::Passive),
            (Self::Lftp, false) => Some(Mode::Active),
            _ => None,
        }
    }

    /// What is tried on the same control connection after `mode` failed.
    pub(super) fn fallback(self, mode: Mode, failure: Failure) -> Option<Fallback> {
        let way = |mode, stays, same_port| Some(Fallback { mode, stays, same_port });
        match (self, mode, failure) {
            (Self::Curl, Mode::PassiveEpsv, _) => way(Mode::Passive, failure != Failure::NotConnected, false),
            (Self::Curl, Mode::ActiveEprt, Failure::Refused(_)) => way(Mode::Active, true, false),
            (Self::Tnftp, Mode::PassiveEpsv, Failure::Refused(_)) => way(Mode::Passive, true, false),
            (Self::Tnftp, Mode::Passive, Failure::Refused(_) | Failure::NotConnected) => way(Mode::Active, true, false),
            (Self::Tnftp, Mode::PassiveEpsv, Failure::NotConnected) => way(Mode::ActiveEprt, true, false),
            (Self::Tnftp, Mode::ActiveEprt, Failure::Refused(_)) => way(Mode::Active, true, true),
            (Self::Ftp, Mode::ActiveEprt, Failure::Refused(_)) => way(Mode::Active, true, false),
            (Self::Ftp, Mode::PassiveEpsv, Failure::Refused(_)) => way(Mode::Passive, true, false),
            _ => None,
        }
    }
}
