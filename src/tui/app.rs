//! Which screen is shown, and what an action does.

use super::gallery::Gallery;
use super::player::Player;
use super::{Action, Options, Theme, ThemeName};
use crate::ladder::Glyphs;
use crate::narrate::{self, Language, Messages};
use crate::scenario::Scenario;
use std::time::Duration;

/// What is on the screen.
#[derive(Debug)]
pub(super) enum Screen {
    Gallery,
    Player(Box<Player>),
}

/// The whole state of the terminal view. The picture is a function of it.
#[derive(Debug)]
pub struct App {
    pub(super) screen: Screen,
    /// Where Esc leads to; `None` if the program was started for one scenario.
    pub(super) gallery: Option<Gallery>,
    pub(super) messages: Messages,
    pub(super) theme: Theme,
    pub(super) glyphs: Glyphs,
    pub(super) help: bool,
    /// Something that went wrong, shown until the next key.
    pub(super) notice: Option<String>,
    finished: bool,
    suspend: bool,
    redraw: bool,
}

impl App {
    /// The list of scenarios.
    pub fn gallery(options: Options) -> Self {
        Self::new(Screen::Gallery, Some(Gallery::new()), options)
    }

    /// One scenario; it if cannot be run to its end, the gallery with a notice.
    pub fn playing(scenario: Scenario, options: Options) -> Self {
        match Player::new(scenario) {
            Ok(player) => Self::new(Screen::Player(Box::new(player)), None, options),
            Err(limit) => {
                let mut app = Self::gallery(options);
                app.notice = Some(narrate::limit(&app.messages, limit));
                app
            }
        }
    }

    fn new(screen: Screen, gallery: Option<Gallery>, options: Options) -> Self {
        let theme = options.theme.unwrap_or_else(ThemeName::from_environment);
        Self {
            screen,
            gallery,
            messages: Messages::new(options.language),
            theme: Theme::new(theme),
            glyphs: if options.ascii { Glyphs::ASCII } else { Glyphs::UNICODE },
            help: false,
            notice: None,
            finished: false,
            suspend: false,
            redraw: false,
        }
    }

    /// Whether the user wants to leave.
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// Whether the picture changes without the user's doing.
    pub fn is_moving(&self) -> bool {
        matches!(&self.screen, Screen::Player(player) if player.playback.is_playing())
    }

    pub(super) const fn take_suspend(&mut self) -> bool {
        std::mem::replace(&mut self.suspend, false)
    }

    pub(super) const fn take_redraw(&mut self) -> bool {
        std::mem::replace(&mut self.redraw, false)
    }

    /// Time passes. Whether the picture changes.
    pub fn advance(&mut self, time: Duration) -> bool {
        match &mut self.screen {
            Screen::Player(player) => player.advance(time),
            Screen::Gallery => false,
        }
    }

    /// The user does something. Whether the picture changes.
    pub fn update(&mut self, action: Action) -> bool {
        let had_notice = self.notice.take().is_some();
        let changed = match action {
            Action::Quit => {
                self.finished = true;
                true
            }
            Action::Suspend => {
                self.suspend = true;
                true
            }
            Action::Redraw => {
                self.redraw = true;
                true
            }
            Action::Help => {
                self.help = !self.help;
                true
            }
            Action::SwitchTheme => {
                self.theme = Theme::new(self.theme.name().next());
                true
            }
            Action::SwitchLanguage => {
                let other = match self.messages.language() {
                    Language::En => Language::ZhCn,
                    Language::ZhCn => Language::En,
                };
                self.messages = Messages::new(other);
                true
            }
            Action::Back => self.back(),
            _ if self.help => {
                // Any other key closes the help and does nothing else: the picture under it was not visible.
                self.help = false;
                true
            }
            other => self.on_screen(other),
        };
        changed || had_notice
    }

    fn back(&mut self) -> bool {
        if std::mem::take(&mut self.help) {
            return true;
        }
        if let Screen::Player(player) = &mut self.screen
            && std::mem::take(&mut player.inspecting)
        {
            return true;
        }
        if matches!(self.screen, Screen::Player(_)) && self.gallery.is_some() {
            self.screen = Screen::Gallery;
            return true;
        }
        false
    }

    fn on_screen(&mut self, action: Action) -> bool {
        match &mut self.screen {
            Screen::Gallery => self.in_gallery(action),
            Screen::Player(player) => {
                let switched = if action == Action::SwitchMode { player.switch_mode() } else { Ok(false) };
                match switched {
                    Ok(true) => true,
                    Ok(false) => in_player(player, action),
                    Err(limit) => {
                        self.notice = Some(narrate::limit(&self.messages, limit));
                        true
                    }
                }
            }
        }
    }

    fn in_gallery(&mut self, action: Action) -> bool {
        let Some(gallery) = &mut self.gallery else { return false };
        match action {
            Action::NextPacket | Action::NextMilestone => gallery.select(true),
            Action::PreviousPacket | Action::PreviousMilestone => gallery.select(false),
            Action::Home => std::mem::take(&mut gallery.selected) != 0,
            Action::End => {
                gallery.selected = gallery.items.len().saturating_sub(1);
                true
            }
            Action::Open | Action::StepForward | Action::PlayPause => {
                let Some(item) = gallery.selected() else { return false };
                match Player::new(item.scenario.clone()) {
                    Ok(player) => self.screen = Screen::Player(Box::new(player)),
                    Err(limit) => self.notice = Some(narrate::limit(&self.messages, limit)),
                }
                true
            }
            _ => false,
        }
    }
}

fn in_player(player: &mut Player, action: Action) -> bool {
    // Whoever steps wants to look: the story stops playing.
    if !matches!(action, Action::PlayPause | Action::Faster | Action::Slower | Action::Inspector) {
        player.playback.pause();
    }
    match action {
        Action::StepForward => player.step(true),
        Action::StepBack => player.step(false),
        Action::NextPacket => player.step_packet(true),
        Action::PreviousPacket => player.step_packet(false),
        Action::NextMilestone | Action::Open => player.step_milestone(true),
        Action::PreviousMilestone => player.step_milestone(false),
        Action::NextDeath => player.next_death(),
        Action::Home => player.home(),
        Action::End => player.end(),
        Action::PlayPause => {
            player.playback.toggle();
            true
        }
        Action::Faster => {
            player.playback.faster();
            true
        }
        Action::Slower => {
            player.playback.slower();
            true
        }
        Action::Inspector => {
            player.inspecting = !player.inspecting;
            true
        }
        _ => false,
    }
}
