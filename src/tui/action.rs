//! What a user can do. One table gives the keys, the footer and the help.

use crate::narrate::Id;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Something a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// One frame on.
    StepForward,
    /// One frame back.
    StepBack,
    /// To the next packet that sets out.
    NextPacket,
    /// To the packet before.
    PreviousPacket,
    /// To the next milestone.
    NextMilestone,
    /// To the milestone before.
    PreviousMilestone,
    /// To the next packet that dies.
    NextDeath,
    /// To the first frame.
    Home,
    /// To the last frame.
    End,
    /// Play or pause.
    PlayPause,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// Active or passive, at the same instant of the story.
    SwitchMode,
    /// The inspector instead of the ladder, or beside it.
    Inspector,
    /// English or Chinese.
    SwitchLanguage,
    /// The next theme.
    SwitchTheme,
    /// Open what is selected.
    Open,
    /// All keys.
    Help,
    /// Close what is open; from a scenario to the gallery.
    Back,
    /// Draw everything anew.
    Redraw,
    /// Stop the program for now.
    Suspend,
    /// Leave.
    Quit,
}

/// An action with its keys.
pub(super) struct Binding {
    pub(super) action: Action,
    /// The first one is shown in the footer.
    pub(super) keys: &'static [Key],
    pub(super) title: Id,
}

/// A key, with control or without.
pub(super) struct Key(KeyCode, bool, &'static str);

impl Key {
    pub(super) const fn label(&self) -> &'static str {
        self.2
    }
}

const fn key(c: char, label: &'static str) -> Key {
    Key(KeyCode::Char(c), false, label)
}
const fn control(c: char, label: &'static str) -> Key {
    Key(KeyCode::Char(c), true, label)
}
const fn named(code: KeyCode, label: &'static str) -> Key {
    Key(code, false, label)
}

/// Every action with its keys, in the order of the help.
pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        action: Action::StepForward,
        keys: &[named(KeyCode::Right, "->"), key('l', "l"), key('.', ".")],
        title: Id::ActionStepForward,
    },
    Binding {
        action: Action::StepBack,
        keys: &[named(KeyCode::Left, "<-"), key('h', "h"), key(',', ",")],
        title: Id::ActionStepBack,
    },
    Binding {
        action: Action::NextPacket,
        keys: &[named(KeyCode::Down, "down"), key('j', "j")],
        title: Id::ActionNextPacket,
    },
    Binding {
        action: Action::PreviousPacket,
        keys: &[named(KeyCode::Up, "up"), key('k', "k")],
        title: Id::ActionPreviousPacket,
    },
    Binding {
        action: Action::NextMilestone,
        keys: &[key('n', "n"), named(KeyCode::PageDown, "PgDn"), key(']', "]")],
        title: Id::ActionNextMilestone,
    },
    Binding {
        action: Action::PreviousMilestone,
        keys: &[key('p', "p"), named(KeyCode::PageUp, "PgUp"), key('[', "[")],
        title: Id::ActionPreviousMilestone,
    },
    Binding { action: Action::NextDeath, keys: &[key('x', "x")], title: Id::ActionNextDeath },
    Binding { action: Action::PlayPause, keys: &[key(' ', "space")], title: Id::ActionPlayPause },
    Binding { action: Action::Faster, keys: &[key('+', "+"), key('=', "=")], title: Id::ActionFaster },
    Binding { action: Action::Slower, keys: &[key('-', "-")], title: Id::ActionSlower },
    Binding { action: Action::Home, keys: &[named(KeyCode::Home, "Home"), key('g', "g")], title: Id::ActionHome },
    Binding { action: Action::End, keys: &[named(KeyCode::End, "End"), key('G', "G")], title: Id::ActionEnd },
    Binding { action: Action::SwitchMode, keys: &[key('m', "m")], title: Id::ActionSwitchMode },
    Binding { action: Action::Inspector, keys: &[key('i', "i")], title: Id::ActionInspector },
    Binding { action: Action::SwitchTheme, keys: &[key('t', "t")], title: Id::ActionSwitchTheme },
    Binding { action: Action::SwitchLanguage, keys: &[key('L', "L")], title: Id::ActionSwitchLanguage },
    Binding { action: Action::Open, keys: &[named(KeyCode::Enter, "Enter")], title: Id::ActionOpen },
    Binding { action: Action::Help, keys: &[key('?', "?"), named(KeyCode::F(1), "F1")], title: Id::ActionHelp },
    Binding { action: Action::Back, keys: &[named(KeyCode::Esc, "Esc")], title: Id::ActionBack },
    Binding { action: Action::Redraw, keys: &[control('l', "Ctrl-L")], title: Id::ActionRedraw },
    Binding { action: Action::Suspend, keys: &[control('z', "Ctrl-Z")], title: Id::ActionSuspend },
    Binding { action: Action::Quit, keys: &[key('q', "q"), control('c', "Ctrl-C")], title: Id::ActionQuit },
];

impl Action {
    /// What a key does.
    pub fn for_key(event: KeyEvent) -> Option<Self> {
        // Some terminals report releases as well.
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let pressed = |key: &Key| key.0 == event.code && key.1 == control;
        BINDINGS.iter().find(|binding| binding.keys.iter().any(pressed)).map(|binding| binding.action)
    }

    pub(super) fn binding(self) -> Option<&'static Binding> {
        BINDINGS.iter().find(|binding| binding.action == self)
    }
}
