//! What people look at, as text: the whole screen at the sizes, languages and themes that matter.

use super::*;
use crate::scenario::{builtin, parse};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

fn app(name: &str, options: Options) -> App {
    let source = builtin(name).unwrap().source;
    App::playing(parse(source, name).unwrap(), options)
}

fn options() -> Options {
    Options { theme: Some(ThemeName::Auto), ..Options::default() }
}

fn picture(app: &App, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(app, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The characters of a picture; wide ones once. (`TestBackend`'s own Display adds notes about them.)
fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut lines = Vec::new();
    for y in 0..area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (crate::ladder::text_width(symbol) as u16).max(1);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// One letter a cell for how it looks: bold, reverse, dim, coloured.
fn styles(buffer: &Buffer) -> String {
    let area = buffer.area;
    let line = |y| -> String {
        let letters: String = (0..area.width)
            .map(|x| {
                let cell = &buffer[(x, y)];
                let coloured = cell.fg != ratatui::style::Color::Reset;
                match (cell.modifier.contains(Modifier::REVERSED), cell.modifier.contains(Modifier::BOLD)) {
                    (true, _) => 'R',
                    (false, true) if coloured => 'C',
                    (false, true) => 'B',
                    (false, false) if coloured => 'c',
                    _ if cell.modifier.contains(Modifier::DIM) => 'd',
                    _ => '.',
                }
            })
            .collect();
        letters.trim_end_matches('.').to_owned()
    };
    (0..area.height).map(line).collect::<Vec<_>>().join("\n")
}

fn press(app: &mut App, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '>' => KeyCode::Right,
            '<' => KeyCode::Left,
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        if let Some(action) = Action::for_key(KeyEvent::new(code, KeyModifiers::NONE)) {
            app.update(action);
        }
    }
}

#[test]
fn the_drop_at_80x24() {
    let mut app = app("classic", options());
    press(&mut app, "x");
    let buffer = picture(&app, 80, 24);
    insta::assert_snapshot!("drop_80x24", text(&buffer));
    insta::assert_snapshot!("drop_80x24_styles", styles(&buffer));
}

#[test]
fn the_same_instant_in_passive_mode() {
    let mut app = app("classic", options());
    press(&mut app, "xm");
    insta::assert_snapshot!("passive_80x24", text(&picture(&app, 80, 24)));
    press(&mut app, "m");
    insta::assert_snapshot!("back_in_active_80x24", text(&picture(&app, 80, 24)));
}

#[test]
fn a_large_terminal_shows_the_inspector_too() {
    let mut app = app("classic", options());
    press(&mut app, "x");
    insta::assert_snapshot!("drop_160x50", text(&picture(&app, 160, 50)));
}

#[test]
fn ascii_and_chinese() {
    let mut app = app("classic", Options { language: Language::ZhCn, ascii: true, ..options() });
    press(&mut app, "x");
    let shown = text(&picture(&app, 80, 24));
    insta::assert_snapshot!("drop_zh_ascii_80x24", shown);
    let mut app = self::app("classic", Options { ascii: true, ..options() });
    press(&mut app, "x");
    for (width, height) in [(80, 24), (160, 50)] {
        let shown = text(&picture(&app, width, height));
        assert!(shown.is_ascii(), "{shown}");
    }
    press(&mut app, "?");
    assert!(text(&picture(&app, 80, 24)).is_ascii());
}

#[test]
fn without_colour_nothing_is_lost() {
    let mut mono = app("classic", Options { theme: Some(ThemeName::Mono), ..options() });
    let mut colour = app("classic", options());
    press(&mut mono, "x");
    press(&mut colour, "x");
    let (mono, colour) = (picture(&mono, 80, 24), picture(&colour, 80, 24));
    assert_eq!(text(&mono), text(&colour));
    assert!(!styles(&mono).contains(['c', 'C']), "no colour at all");
    assert!(styles(&mono).contains('R') && styles(&mono).contains('B'), "reverse and bold stay");
}

#[test]
fn gallery_help_and_too_small() {
    let mut app = App::gallery(options());
    press(&mut app, "j");
    insta::assert_snapshot!("gallery_80x24", text(&picture(&app, 80, 24)));
    press(&mut app, "\n?");
    insta::assert_snapshot!("help_80x24", text(&picture(&app, 80, 24)));
    press(&mut app, "\x1b");
    insta::assert_snapshot!("first_frame_60x16", text(&picture(&app, 60, 16)));
    press(&mut app, "\x1b");
    assert_eq!(text(&picture(&app, 80, 24)), {
        let mut again = App::gallery(options());
        press(&mut again, "j");
        text(&picture(&again, 80, 24))
    });
    insta::assert_snapshot!("too_small", text(&picture(&app, 40, 5)));
}

#[test]
fn every_scenario_can_be_walked_through_at_every_size() {
    for builtin in crate::scenario::builtins() {
        let mut app = app(builtin.name, options());
        for round in 0..400 {
            press(&mut app, if round % 3 == 0 { "n" } else { ">" });
            if round % 50 == 0 {
                press(&mut app, "m");
                for (width, height) in [(1, 1), (60, 16), (80, 24), (119, 30), (120, 30), (200, 60)] {
                    picture(&app, width, height);
                }
            }
        }
    }
}

#[test]
fn playing_moves_the_cursor_and_stops_at_the_end() {
    let mut app = app("closed-port", options());
    assert!(!app.is_moving() && !app.advance(std::time::Duration::from_secs(1)), "it starts paused");
    press(&mut app, "+++++ ");
    assert!(app.is_moving());
    for _ in 0..2000 {
        app.advance(TICK);
    }
    assert!(!app.is_moving(), "the end is reached");
    let end = text(&picture(&app, 80, 24));
    press(&mut app, "G");
    assert_eq!(text(&picture(&app, 80, 24)), end);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The picture is exactly what it would be had one stepped there.
    #[test]
    fn jumping_and_stepping_give_the_same_picture(keys in "[nphjkxgGm<>]{0,25}", steps in 0usize..40) {
        let mut jumped = app("host-firewall", options());
        press(&mut jumped, &keys);
        press(&mut jumped, &">".repeat(steps));
        let mut stepped = app("host-firewall", options());
        // The same mode, then one frame at a time to the same frame.
        if keys.matches('m').count() % 2 == 1 {
            press(&mut stepped, "m");
        }
        press(&mut stepped, "g");
        let wanted = text(&picture(&jumped, 80, 24));
        let mut seen = false;
        for _ in 0..600 {
            if text(&picture(&stepped, 80, 24)) == wanted {
                seen = true;
                break;
            }
            press(&mut stepped, ">");
        }
        prop_assert!(seen, "never seen when stepping:\n{wanted}");
    }
}

/// Whatever a scenario says, no cell of any picture holds a character that is not to be shown.
#[test]
fn hostile_text_stays_out_of_every_picture() {
    let format = "\\u00ad\\u061c\\u200b\\u200d\\u200f\\u202e\\u2060\\u2066\\u3164\\ufe0f\\ufeff\\U000e0041\\u2028\\u009b31m\\u001b[2J";
    let passes = "\\u00ad\\u200f\\u202e\\u2066\\ufe0f\\U000e0041";
    let source = format!(
        r#"
title = "t{passes}"
title-zh = "t{passes}"
about = "a{passes}"
links = ["client -- server"]
[nodes.server]
ftp-server = {{ users = {{ "u{passes}" = "p{passes}" }}, files = {{ "f{passes}" = {{ text = "{format}" }} }} }}
[nodes.client.firewall.output]
rules = ["log prefix \"{passes}\" accept comment \"{passes}\""]
[[sessions]]
client = "client"
server = "server"
user = "u{passes}"
password = "p{passes}"
run = ["ls f{passes}", "get f{passes}", "get g{passes}", "SITE {passes}"]
"#
    );
    let scenario = parse(&source, "hostile").unwrap_or_else(|found| panic!("{found:?}"));
    for language in crate::narrate::Language::ALL {
        let mut app = App::playing(scenario.clone(), Options { language, ..options() });
        for inspecting in [false, true] {
            if inspecting {
                app.update(Action::Inspector);
                app.update(Action::Home);
            }
            loop {
                for (width, height) in [(80, 24), (200, 60)] {
                    let buffer = picture(&app, width, height);
                    let hidden = |cell: &ratatui::buffer::Cell| cell.symbol().chars().any(crate::text::is_hidden);
                    assert!(!buffer.content().iter().any(hidden), "{}", text(&buffer));
                }
                if !app.update(Action::StepForward) {
                    break;
                }
            }
        }
    }
}
