//! Signals: the terminal is given back before the program ends or stops, and taken again when it goes on.
//!
//! The thread here never waits for the terminal longer than [`super::terminal::restore`] does. Stopping is the same by
//! every way: Ctrl-Z is a key in raw mode and sends SIGTSTP, as the terminal would.

use super::foreground::{has_terminal, in_foreground, other_input};
use super::{Happening, terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH,
    SIGXCPU,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, raise};
use std::io;
use std::sync::mpsc::Sender;
use std::thread::Builder;

/// These end a program that does not ask for them.
const ENDINGS: [i32; 8] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU];
/// These stop it. (SIGSTOP cannot be caught.)
const STOPS: [i32; 3] = [SIGTSTP, SIGTTIN, SIGTTOU];

/// From here on a signal that ends the program is not lost; [`watch`] acts on it.
pub(super) fn guard_against_endings() -> io::Result<Signals> {
    Signals::new(ENDINGS)
}

/// Starts the threads that act on signals and on the terminal's end.
pub(super) fn watch(mut signals: Signals, happenings: Sender<Happening>) -> io::Result<()> {
    for signal in STOPS.into_iter().chain([SIGCONT, SIGWINCH]) {
        signals.add_signal(signal)?;
    }
    Builder::new().name(String::from("signals")).spawn(move || act(&mut signals, &happenings))?;
    Builder::new().name(String::from("hang-up")).spawn(wait_for_hang_up)?;
    Ok(())
}

fn act(signals: &mut Signals, happenings: &Sender<Happening>) {
    let mut stopped = false;
    loop {
        // Everything at once: what came together has to be weighed together.
        let batch: Vec<i32> = signals.wait().collect();
        if let Some(signal) = batch.iter().find(|signal| ENDINGS.contains(signal)) {
            end(*signal);
        }
        let goes_on = batch.contains(&SIGCONT);
        // A wish to stop that is older than the stop is fulfilled.
        let stop = !stopped && batch.iter().any(|signal| STOPS.contains(signal));
        if goes_on && in_foreground() {
            if terminal::retake().is_err() {
                // It went away meanwhile.
                end(SIGHUP);
            }
            stopped = false;
            let _ = happenings.send(Happening::Resumed);
        } else if goes_on || stop {
            // In the background there is nothing to do for a screen, and to touch the terminal is forbidden.
            terminal::restore();
            stopped = true;
            // A shell that ends sends SIGHUP and SIGCONT; stopped again between the two, the program would stay for ever.
            let _ = poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 30_000_000 }));
            if let Some(signal) = signals.pending().find(|signal| ENDINGS.contains(signal)) {
                end(signal);
            }
            let _ = raise(SIGSTOP);
        }
        if batch.contains(&SIGWINCH) {
            let _ = happenings.send(Happening::Resized);
        }
    }
}

/// Ends the program as `signal` does by itself.
fn end(signal: i32) {
    terminal::restore();
    let _ = emulate_default_handler(signal);
}

/// A terminal that is gone ends the program even where no SIGHUP comes, which only a session's leader and its foreground
/// get.
fn wait_for_hang_up() {
    let (input, output, other) = (io::stdin(), io::stdout(), other_input());
    let mut ends = vec![PollFd::new(&output, PollFlags::empty())];
    match &other {
        Some(other) => ends.push(PollFd::new(other, PollFlags::empty())),
        None => ends.push(PollFd::new(&input, PollFlags::empty())),
    }
    // Asked for nothing, poll(2) tells of hang-up and error alone.
    while poll(&mut ends, None) == Err(rustix::io::Errno::INTR) {}
    // Where a system cannot watch terminals in this way, it says something else.
    if ends.iter().any(|end| end.revents().intersects(PollFlags::HUP | PollFlags::ERR)) {
        end(SIGHUP);
    }
}

/// What Ctrl-Z does outside of raw mode: the whole pipeline stops, if there is one.
pub(super) fn suspend() {
    if has_terminal() != Some(true) || kill_current_process_group(Signal::TSTP).is_err() {
        let _ = raise(SIGTSTP);
    }
}
