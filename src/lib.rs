//! ftpscope: see how a protocol meets a firewall.
#![allow(unused)]
pub mod firewall;
pub mod ids;
pub mod packet;
pub mod tcp;
pub mod time;
