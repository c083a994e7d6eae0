//! See how a protocol meets a firewall.

pub mod firewall;
pub mod ids;
pub mod packet;
pub mod scenario;
mod suggest;
pub mod time;

/// Only what this tree needs of it.
pub mod ftp {
    mod mode;
    pub use mode::Mode;
}
