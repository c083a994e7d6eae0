//! x
pub mod ftp;
pub mod ids;
pub mod time;
