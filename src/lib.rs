//! ftpscope: see how a protocol meets a firewall.
#![allow(unused)]
pub mod cli;
pub mod engine;
pub mod export;
pub mod firewall;
pub mod ftp;
pub mod ids;
pub mod insight;
pub mod ladder;
pub mod narrate;
pub mod network;
pub mod packet;
pub mod scenario;
mod suggest;
pub mod tcp;
pub mod time;
pub mod trace;
pub mod tui;
