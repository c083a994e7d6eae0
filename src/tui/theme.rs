//! Roles to styles. Colour is never the only difference: every role also has a glyph, a word or an attribute.

use crate::ladder::Role;
use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

/// The themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    /// Colours that can be read on light and dark grounds
    #[default]
    Auto,
    /// For a light ground
    Light,
    /// For a dark ground
    Dark,
    /// No colours, only bold, underlined and reverse
    Mono,
}

impl ThemeName {
    /// The theme after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Mono,
            Self::Mono => Self::Auto,
        }
    }

    /// What the environment asks for: `NO_COLOR` (<https://no-color.org>) and dumb terminals get no colour.
    pub fn from_environment() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if set("NO_COLOR") || dumb { Self::Mono } else { Self::Auto }
    }
}

/// Styles by role.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    name: ThemeName,
}

struct Palette {
    control: Color,
    data: Color,
    alarm: Color,
    good: Color,
}

impl Theme {
    /// A theme.
    pub const fn new(name: ThemeName) -> Self {
        Self { name }
    }

    /// Its name.
    pub const fn name(self) -> ThemeName {
        self.name
    }

    const fn palette(self) -> Option<Palette> {
        match self.name {
            // Middle tones of the 256-colour cube: contrast of at least 3.9 on white and on black.
            ThemeName::Auto => Some(Palette {
                control: Color::Indexed(32),
                data: Color::Indexed(133),
                alarm: Color::Indexed(160),
                good: Color::Indexed(28),
            }),
            ThemeName::Light => Some(Palette {
                control: Color::Blue,
                data: Color::Magenta,
                alarm: Color::Red,
                good: Color::Indexed(22),
            }),
            ThemeName::Dark => Some(Palette {
                control: Color::LightCyan,
                data: Color::LightMagenta,
                alarm: Color::LightRed,
                good: Color::LightGreen,
            }),
            ThemeName::Mono => None,
        }
    }

    /// The style of a role.
    pub fn role(self, role: Role) -> Style {
        let plain = Style::new();
        let coloured = |color: fn(&Palette) -> Color| self.palette().map_or(plain, |palette| plain.fg(color(&palette)));
        match role {
            Role::Plain => plain,
            Role::Dim => plain.add_modifier(Modifier::DIM),
            Role::Control => coloured(|palette| palette.control),
            Role::Data => coloured(|palette| palette.data),
            Role::Alarm => coloured(|palette| palette.alarm).add_modifier(Modifier::BOLD),
            Role::Good => coloured(|palette| palette.good),
            Role::Strong => plain.add_modifier(Modifier::BOLD),
        }
    }

    /// What is selected.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A key in the footer.
    pub fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}
