//! The terminal: raw mode and the alternate screen, and back, whatever happens: quit, Ctrl-C, SIGTERM, panic, suspend.

use super::{App, draw};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, Write};
use std::sync::{Mutex, Once, PoisonError};

/// Held while something is written, so that a signal does not restore the terminal in the middle of a picture. Its
/// value: whether the terminal is ours.
static OURS: Mutex<bool> = Mutex::new(false);

/// The terminal while the program has it.
pub(super) struct Session {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Session {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        // Our themes decide about colour, NO_COLOR included; crossterm 0.29 would turn bold and reverse off with it.
        crossterm::style::force_color_output(true);
        guard_against_panic();
        guard_against_signals()?;
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| restore())?;
        Ok(Self { terminal })
    }

    /// Draws a picture in one go.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<()> {
        let _writing = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| draw(app, frame)).map(|_| ());
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Forgets what is on the screen, so that the next picture is drawn whole.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let _writing = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        self.terminal.clear()
    }

    /// Gives the terminal back, stops the program, and takes it again when the user comes back.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        #[cfg(unix)]
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        take()?;
        self.clear()
    }

    /// Gives the terminal back.
    #[expect(clippy::unused_self, reason = "taking self makes leaving final")]
    pub(super) fn leave(self) {
        restore();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    enable_raw_mode()?;
    *ours = true;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).inspect_err(|_| {
        let _ = disable_raw_mode();
    })
}

/// Undoes what `take` did, once.
fn restore() {
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *ours) {
        // There is nobody left to tell of a failure.
        let _ =
            execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = io::stdout().flush();
        let _ = disable_raw_mode();
    }
}

/// The terminal first, then the message, so that it can be read.
fn guard_against_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A panic while drawing holds the lock: this thread must not wait for itself.
            if let Ok(mut ours) = OURS.try_lock() {
                *ours = false;
            }
            let _ = execute!(
                io::stdout(),
                EndSynchronizedUpdate,
                DisableBracketedPaste,
                LeaveAlternateScreen,
                cursor::Show
            );
            let _ = disable_raw_mode();
            report(info);
        }));
    });
}

/// SIGTERM and its like end the program as they should, but give the terminal back before.
#[cfg(unix)]
fn guard_against_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            restore();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn guard_against_signals() -> io::Result<()> {
    Ok(())
}
