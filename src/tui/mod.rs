//! The terminal view: a stage with the network, the ladder, a narration and a timeline, all functions of
//! (trace, cursor, options).
//!
//! | file | subject |
//! |---|---|
//! | `action` | what a user can do, with keys and titles: declared once for dispatch, footer and help |
//! | `app` | which screen is shown, and what an action does |
//! | `player` | one scenario being watched: runs, cursor, mode |
//! | `playback` | motion: from passing time to the cursor |
//! | `gallery` | the list of scenarios |
//! | `terminal` | raw mode and back, whatever happens |
//! | `foreground` | whether the terminal is this process's now |
//! | `signals` | the terminal given back before the program ends or stops |
//! | `theme` | roles to colours |
//! | `view/` | one file a pane |

mod action;
mod app;
#[cfg(unix)]
mod foreground;
mod gallery;
mod playback;
mod player;
#[cfg(unix)]
mod signals;
mod terminal;
mod theme;
mod view;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use app::App;
pub use theme::{Theme, ThemeName};
pub use view::draw;

use crate::narrate::Language;
use crate::scenario::Scenario;
use crossterm::event::Event;
use std::io;
use std::sync::mpsc::channel;
use std::time::Duration;

/// How the terminal view looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The language of all texts.
    pub language: Language,
    /// ASCII drawing characters only.
    pub ascii: bool,
    /// The colours; `None`: from the environment.
    pub theme: Option<ThemeName>,
}

/// Watches one scenario.
pub fn play(scenario: Scenario, options: Options) -> io::Result<()> {
    run(App::playing(scenario, options))
}

/// Shows the list of scenarios and watches what is chosen.
pub fn gallery(options: Options) -> io::Result<()> {
    run(App::gallery(options))
}

/// While something moves, the picture is drawn at most this often.
const TICK: Duration = Duration::from_millis(33);

/// What the program waits for.
#[derive(Debug)]
enum Happening {
    /// A key, a paste, ...
    Input(Event),
    /// The terminal has another size.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there it is an input"))]
    Resized,
    /// The program was stopped and goes on; the terminal is taken again.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there nothing stops"))]
    Resumed,
    /// The picture is on the screen, or cannot be.
    Written(io::Result<()>),
    /// There will be no more keys.
    Failed(io::Error),
}

fn run(mut app: App) -> io::Result<()> {
    let (sender, happenings) = channel();
    // Before the terminal is changed: from here on no ending is lost.
    #[cfg(unix)]
    let signals = signals::guard_against_endings()?;
    let mut terminal = terminal::Session::enter(sender.clone())?;
    #[cfg(unix)]
    signals::watch(signals, sender)?;
    terminal.start()?;
    let mut clock = playback::Clock::start();
    let mut changed = true;
    while !app.finished() {
        if changed {
            changed = !terminal.draw(&app)?;
        }
        // Paused, the program sleeps until something happens: nothing moves, nothing is drawn. (The session holds a sender:
        // there is always something to wait for.)
        let first = if app.is_moving() { happenings.recv_timeout(TICK).ok() } else { happenings.recv().ok() };
        // A storm of sizes or keys is one picture.
        for happening in first.into_iter().chain(happenings.try_iter()) {
            changed |= match happening {
                Happening::Input(Event::Key(key)) => Action::for_key(key).is_some_and(|action| app.update(action)),
                Happening::Input(Event::Resize(..)) | Happening::Resized => true,
                Happening::Input(_) => false,
                Happening::Resumed => {
                    terminal.clear();
                    true
                }
                Happening::Written(result) => {
                    result?;
                    terminal.written();
                    false
                }
                Happening::Failed(error) => return Err(error),
            };
            if app.finished() {
                break;
            }
            if app.take_suspend() {
                #[cfg(unix)]
                signals::suspend();
            }
            if app.take_redraw() {
                terminal.clear();
                changed = true;
            }
        }
        changed |= app.advance(clock.lap());
    }
    terminal.leave();
    Ok(())
}
