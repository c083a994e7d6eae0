//! The real program in a real pseudo-terminal: the picture, and the terminal given back.
#![cfg(unix)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const SIZE: PtySize = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
/// Far more than the program needs; only a hanging test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    master: Box<dyn MasterPty + Send>,
}

impl Screen {
    fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ftpscope"));
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("LC_ALL");
        command.env_remove("NO_COLOR");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        let parser = vt100::Parser::new(size(SIZE.rows), size(SIZE.cols), 0);
        Self { child, keys, output, parser, raw: Vec::new(), master: pair.master }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads until the picture is as wanted.
    fn wait_for(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        while !wanted(self.parser.screen()) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend_from_slice(&bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never saw {what}; the screen is:\n{}", self.text())
                }
            }
        }
    }

    fn wait_for_text(&mut self, text: &str) {
        let wanted = text.to_owned();
        self.wait_for(text, move |screen| screen.contents().contains(&wanted));
    }

    /// Reads to the end and finds the terminal as it was.
    fn finish(mut self) -> u32 {
        let status = self.child.wait().unwrap();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.parser.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is back");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        // Raw mode is off: what is typed is echoed again.
        let mode = self.master.get_termios().expect("the terminal's settings");
        assert!(format!("{:?}", mode.local_flags).contains("ECHO"), "{:?}", mode.local_flags);
        status.exit_code()
    }
}

#[test]
fn step_to_the_drop_switch_the_mode_and_quit() {
    let mut screen = Screen::start(&["play", "classic"], &[]);
    screen.wait_for_text("  1 of ");
    screen.press("x");
    screen.wait_for_text("policy drop (line");
    screen.wait_for_text("To office this is a new connection");
    screen.press("m");
    screen.wait_for_text("√4 data handshake");
    screen.press("\x1b[D");
    screen.wait_for_text("[14752 PASV");
    screen.press("q");
    assert_eq!(screen.finish(), 0);
}

#[test]
fn from_the_gallery_into_a_scenario_and_back() {
    let mut screen = Screen::start(&[], &[]);
    screen.wait_for_text("see how FTP meets a firewall");
    screen.press("j\r");
    screen.wait_for_text("  1 of ");
    screen.press(" ");
    screen.wait_for_text("1x");
    screen.press("\x1b");
    screen.wait_for_text("ftpscope play classic");
    screen.press("\x03");
    assert_eq!(screen.finish(), 0);
}

#[test]
fn a_termination_signal_gives_the_terminal_back() {
    let mut screen = Screen::start(&["play", "open"], &[]);
    screen.wait_for_text("  1 of ");
    let pid = screen.child.process_id().unwrap();
    let killed = std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    assert_ne!(screen.finish(), 0, "it died of the signal");
}

#[test]
fn no_color_means_no_colour_but_all_the_rest() {
    let mut screen = Screen::start(&["play", "classic"], &[("NO_COLOR", "1")]);
    screen.wait_for_text("  1 of ");
    screen.press("x");
    screen.wait_for_text("policy drop (line");
    let shown = screen.parser.screen();
    let cells = || (0..24).flat_map(|row| (0..80).map(move |col| (row, col)));
    let cell = |(row, col)| shown.cell(row, col).unwrap();
    assert!(cells().all(|at| cell(at).fgcolor() == vt100::Color::Default));
    assert!(cells().any(|at| cell(at).inverse()) && cells().any(|at| cell(at).bold()));
    screen.press("q");
    assert_eq!(screen.finish(), 0);
}

/// Paused, it costs nothing: no processor time passes and not a byte is written.
#[cfg(target_os = "linux")]
#[test]
fn paused_it_sleeps() {
    let mut screen = Screen::start(&["play", "classic"], &[]);
    screen.wait_for_text("  1 of ");
    let pid = screen.child.process_id().unwrap();
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1.split_whitespace().collect::<Vec<_>>();
        after_name[11].parse::<u64>().unwrap() + after_name[12].parse::<u64>().unwrap()
    };
    while screen.output.recv_timeout(Duration::from_millis(300)).is_ok() {}
    let before = ticks();
    assert!(screen.output.recv_timeout(Duration::from_secs(1)).is_err(), "nothing is drawn");
    assert!(ticks() - before <= 1, "no processor time is used");
    screen.press("q");
    screen.wait_for("the end", |screen| !screen.alternate_screen());
    assert_eq!(screen.finish(), 0);
}
