//! Whose the terminal is: a shell gives it to one process group at a time, the foreground (POSIX.1-2024, chapter 11.1.4).

use rustix::process::getpgrp;
use rustix::termios::{isatty, tcgetpgrp};
use std::fs::File;
use std::io;

/// What crossterm reads keys from, if that is not standard input.
pub(super) fn other_input() -> Option<File> {
    if isatty(io::stdin()) { None } else { File::open("/dev/tty").ok() }
}

/// Whether the terminal is for this process now; `None`: it belongs to another session, or to none.
pub(super) fn has_terminal() -> Option<bool> {
    let group = match other_input() {
        Some(other) => tcgetpgrp(other),
        None => tcgetpgrp(io::stdin()),
    };
    group.ok().map(|group| group == getpgrp())
}

/// Whether the terminal is for this process now. One that belongs to no session is for whoever has it.
pub(super) fn in_foreground() -> bool {
    has_terminal().unwrap_or(true)
}
