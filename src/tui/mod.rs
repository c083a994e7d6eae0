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
//! | `theme` | roles to colours |
//! | `view/` | one file a pane |

mod action;
mod app;
mod gallery;
mod playback;
mod player;
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
use crossterm::event::{self, Event};
use std::io;
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

fn run(mut app: App) -> io::Result<()> {
    let mut terminal = terminal::Session::enter()?;
    let mut clock = playback::Clock::start();
    terminal.draw(&app)?;
    while !app.finished() {
        // Paused, the program sleeps until a key comes: nothing moves, nothing is drawn.
        let mut changed = if !app.is_moving() || event::poll(TICK)? {
            match event::read()? {
                Event::Key(key) => Action::for_key(key).is_some_and(|action| app.update(action)),
                Event::Resize(..) => true,
                _ => false,
            }
        } else {
            false
        };
        if app.take_suspend() {
            terminal.suspend()?;
            changed = true;
        }
        if app.take_redraw() {
            terminal.clear()?;
            changed = true;
        }
        changed |= app.advance(clock.lap());
        if changed {
            terminal.draw(&app)?;
        }
    }
    terminal.leave();
    Ok(())
}
