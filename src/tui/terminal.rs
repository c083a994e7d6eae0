//! The terminal: raw mode and the alternate screen, and back, whatever happens: quit, a signal, a panic, suspend.
//!
//! A terminal may be mute, stuck or gone, so nothing here depends on it:
//!
//! - It is never asked anything. (`ratatui::Terminal::clear` asks where the cursor is; a picture that is to be drawn
//!   whole is drawn on a new `Terminal`.) Its size is the kernel's knowledge.
//! - Only the thread `writer` writes, and may wait for the terminal as long as it likes. While a picture is on its way
//!   no other is drawn, and whoever gives the terminal back waits for it [`PATIENCE`] at most.

use super::{App, Happening, draw};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

/// How long the terminal is waited for when it is given back.
const PATIENCE: Duration = Duration::from_millis(400);
/// What a terminal of unknown size is taken for, in columns and rows: what terminals have been since the VT100.
const USUAL: (u16, u16) = (80, 24);
/// More columns and rows than these are not drawn on: a size is two numbers that anybody can set.
const LARGEST: (u16, u16) = (1000, 500);

/// The terminal as all threads know it: the one that draws, the one that waits for signals, one that panics.
static SHARED: Mutex<Shared> = Mutex::new(Shared { ours: false, writer: None });

struct Shared {
    /// Whether the terminal shows our screen.
    ours: bool,
    writer: Option<Sender<Piece>>,
}

/// Bytes for the terminal, and whom to tell when they are written.
struct Piece {
    bytes: Vec<u8>,
    written: Box<dyn FnOnce(io::Result<()>) + Send>,
}

impl Shared {
    /// Hands bytes to the thread that writes.
    fn write(&self, bytes: Vec<u8>, written: impl FnOnce(io::Result<()>) + Send + 'static) {
        if let Some(writer) = &self.writer {
            // The thread lives as long as the program.
            let _ = writer.send(Piece { bytes, written: Box::new(written) });
        }
    }
}

fn shared() -> std::sync::MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What ratatui writes of a picture, kept until it goes out in one piece.
#[derive(Clone, Default)]
struct Picture(Rc<RefCell<Vec<u8>>>);

impl Write for Picture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while the program has it.
pub(super) struct Session {
    terminal: Terminal<CrosstermBackend<Picture>>,
    picture: Picture,
    size: (u16, u16),
    /// A picture is being written.
    on_its_way: bool,
    /// The next picture is drawn whole, whatever the screen shows.
    whole: bool,
    happenings: Sender<Happening>,
}

impl Session {
    /// Takes the terminal, without showing anything yet. What becomes of pictures and which keys come is told to
    /// `happenings`.
    pub(super) fn enter(happenings: Sender<Happening>) -> io::Result<Self> {
        // Our themes decide about colour, NO_COLOR included; crossterm 0.29 would turn bold and reverse off with it.
        crossterm::style::force_color_output(true);
        guard_against_panic();
        shared().writer = Some(start_writer()?);
        // In the background this stops the program, or fails where nobody could let it go on.
        enable_raw_mode()?;
        // From here on dropping the session gives the terminal back.
        let picture = Picture::default();
        let size = size();
        let terminal = terminal(&picture, size).inspect_err(|_| restore())?;
        Ok(Self { terminal, picture, size, on_its_way: false, whole: true, happenings })
    }

    /// Shows the screen and listens to keys.
    pub(super) fn start(&self) -> io::Result<()> {
        show();
        start_keys(self.happenings.clone())
    }

    /// Draws a picture, unless the terminal is still busy with the last one, or not ours: whether it did.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<bool> {
        if self.on_its_way {
            return Ok(false);
        }
        let _ = queue!(self.picture, BeginSynchronizedUpdate);
        let size = size();
        if size != self.size || self.whole {
            let _ = queue!(self.picture, Clear(ClearType::All));
            self.terminal = terminal(&self.picture, size)?;
            self.size = size;
        }
        self.terminal.draw(|frame| draw(app, frame))?;
        let _ = queue!(self.picture, EndSynchronizedUpdate);
        let bytes = self.picture.0.take();
        let shared = shared();
        // A picture that is not shown leaves ratatui with a wrong idea of the screen.
        self.whole = !shared.ours;
        if shared.ours {
            self.on_its_way = true;
            let happenings = self.happenings.clone();
            shared.write(bytes, move |result| {
                let _ = happenings.send(Happening::Written(result));
            });
        }
        Ok(shared.ours)
    }

    /// The picture is written.
    pub(super) const fn written(&mut self) {
        self.on_its_way = false;
    }

    /// Forgets what is on the screen, so that the next picture is drawn whole.
    pub(super) const fn clear(&mut self) {
        self.whole = true;
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

/// A screen of which ratatui knows that it is empty.
fn terminal(picture: &Picture, (columns, rows): (u16, u16)) -> io::Result<Terminal<CrosstermBackend<Picture>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Terminal::with_options(CrosstermBackend::new(picture.clone()), TerminalOptions { viewport })
}

/// Columns and rows.
fn size() -> (u16, u16) {
    #[cfg(unix)]
    let known = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).map(|size| (size.ws_col, size.ws_row)).ok();
    #[cfg(not(unix))]
    let known = crossterm::terminal::size().ok();
    let (columns, rows) = known.unwrap_or_default();
    let or_usual = |n, usual| if n == 0 { usual } else { n };
    (or_usual(columns, USUAL.0).min(LARGEST.0), or_usual(rows, USUAL.1).min(LARGEST.1))
}

/// The thread that writes.
fn start_writer() -> io::Result<Sender<Piece>> {
    let (sender, pieces) = channel::<Piece>();
    std::thread::Builder::new().name(String::from("writer")).spawn(move || {
        for piece in pieces {
            let mut out = io::stdout().lock();
            let result = out.write_all(&piece.bytes).and_then(|()| out.flush());
            drop(out);
            (piece.written)(result);
        }
    })?;
    Ok(sender)
}

/// The thread that waits for keys. crossterm 0.29 never returns once its terminal is gone, nor while a key is half
/// there: what else can happen is seen by others.
fn start_keys(happenings: Sender<Happening>) -> io::Result<()> {
    std::thread::Builder::new().name(String::from("keys")).spawn(move || {
        loop {
            let happening = match crossterm::event::read() {
                Ok(event) => Happening::Input(event),
                Err(error) => Happening::Failed(error),
            };
            let last = matches!(happening, Happening::Failed(_));
            if happenings.send(happening).is_err() || last {
                break;
            }
        }
    })?;
    Ok(())
}

/// Shows our screen; raw mode is on.
fn show() {
    let mut shared = shared();
    let mut bytes = Vec::new();
    if shared.ours {
        // It was stopped without warning: what the shell wrote meanwhile goes with the screen it was written on.
        let _ = queue!(bytes, LeaveAlternateScreen);
    }
    let _ = queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide);
    shared.ours = true;
    shared.write(bytes, |_| ());
}

/// Takes the terminal again, after the program was stopped.
#[cfg(unix)]
pub(super) fn retake() -> io::Result<()> {
    // The shell may have changed the modes without crossterm's knowledge.
    disable_raw_mode()?;
    enable_raw_mode()?;
    show();
    Ok(())
}

/// Gives the terminal back, once, however often it is called; in bounded time.
pub(super) fn restore() {
    let mut shared = shared();
    if std::mem::take(&mut shared.ours) {
        let mut bytes = Vec::new();
        let _ = queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let (sender, written) = channel();
        shared.write(bytes, move |result| {
            let _ = sender.send(result);
        });
        // There is nobody left to tell of a failure.
        let _ = written.recv_timeout(PATIENCE);
    }
    // Modes are the foreground's: who sets them from the background is stopped by the kernel.
    #[cfg(unix)]
    let ours_to_set = super::foreground::in_foreground();
    #[cfg(not(unix))]
    let ours_to_set = true;
    if ours_to_set {
        let _ = disable_raw_mode();
    }
}

/// The terminal first, then the message, so that it can be read.
fn guard_against_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            report(info);
        }));
    });
}
