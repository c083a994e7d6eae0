//! The real program in a real pseudo-terminal: the picture, and the terminal given back.
#![cfg(unix)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
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

fn command(args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ftpscope"));
    command.args(args);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env_remove("LC_ALL");
    command.env_remove("NO_COLOR");
    command
}

fn kill(child: &dyn Child, signal: &str) {
    let pid = child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([format!("-{signal}"), pid]).status().unwrap().success());
}

/// Opens a terminal and starts the program on it; one test at a time, so that no other's program inherits the terminal's
/// far end and keeps it alive.
fn start(command: CommandBuilder) -> (Box<dyn MasterPty + Send>, Box<dyn Child + Send + Sync>) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = native_pty_system().openpty(SIZE).unwrap();
    (pair.master, pair.slave.spawn_command(command).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a real program in a real terminal takes real time")]
fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Asks again and again, for half a minute at most: other programs want the processor too.
fn soon<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(answer) = ask() {
            return answer;
        }
        pause(10);
    }
    panic!("not within half a minute: {what}");
}

/// Waits for the end, which comes soon: whatever the terminal does, the program is not held up.
fn ends_soon(child: &mut dyn Child) -> portable_pty::ExitStatus {
    soon("the end", || child.try_wait().unwrap())
}

impl Screen {
    fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(args);
        for (name, value) in environment {
            command.env(name, value);
        }
        let (master, child) = start(command);
        let mut reader = master.try_clone_reader().unwrap();
        let keys = master.take_writer().unwrap();
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
        Self { child, keys, output, parser, raw: Vec::new(), master }
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
        // Raw mode is off: lines are edited and echoed by the terminal again. (ECHOE and its like stay on in raw mode.)
        let mode = self.master.get_termios().expect("the terminal's settings");
        assert!(format!("{:?}", mode.local_flags).contains("ICANON"), "{:?}", mode.local_flags);
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
    kill(&*screen.child, "TERM");
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

#[test]
fn every_ending_gives_the_terminal_back_and_is_told() {
    for signal in ["HUP", "INT", "QUIT", "USR1"] {
        let mut screen = Screen::start(&["play", "open"], &[]);
        screen.wait_for_text("  1 of ");
        kill(&*screen.child, signal);
        let status = ends_soon(&mut *screen.child);
        assert!(status.signal().is_some(), "{signal}: {status:?}");
        screen.finish();
    }
}

/// No terminal here ever answers. Neither a new screen nor the way back to one needs it to.
#[test]
fn the_terminal_is_never_asked_anything() {
    let mut screen = Screen::start(&["play", "classic"], &[]);
    screen.wait_for_text("  1 of ");
    screen.press("\x0c");
    screen.press("x");
    screen.wait_for_text("policy drop (line");
    // A terminal that lost its picture gets it back whole.
    screen.parser.process(b"\x1b[2J");
    assert!(!screen.text().contains("policy drop (line"));
    screen.press("\x0c");
    screen.wait_for_text("policy drop (line");
    screen.press("q");
    screen.wait_for("the end", |screen| !screen.alternate_screen());
    // Device status and attributes, cursor position, the version, keyboard flags, modes, colours, terminfo strings.
    let asked = String::from_utf8(screen.raw.clone()).unwrap();
    for question in ["n", "c", ">c", "=c", ">q", "?u", "$p", "t", "x"] {
        let asks = asked.split("\x1b[").skip(1).any(|sequence| {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |end| end + 1);
            sequence[..end].trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?').ends_with(question)
        });
        assert!(!asks, "{question}");
    }
    assert!(!asked.contains("\x1b]") && !asked.contains("\x1bP"), "no question as a string");
    assert_eq!(screen.finish(), 0);
}

/// The process's state as ps(1) shows it: `S` it sleeps, `T` it is stopped.
#[cfg(target_os = "linux")]
fn state(child: &dyn Child) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.process_id().unwrap())).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().next().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn stopping_by_any_way_gives_the_screen_back_and_going_on_draws_it_anew() {
    for way in ["Ctrl-Z", "TSTP", "TTIN", "TTOU", "STOP"] {
        let mut screen = Screen::start(&["play", "classic"], &[]);
        screen.wait_for_text("  1 of ");
        // Twice: the second time nothing is left over from the first.
        for _ in 0..2 {
            match way {
                "Ctrl-Z" => screen.press("\x1a"),
                signal => kill(&*screen.child, signal),
            }
            // SIGSTOP cannot be caught: the screen stays as it is.
            if way != "STOP" {
                screen.wait_for("the shell's screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
            }
            soon(way, || (state(&*screen.child) == "T").then_some(()));
            let flags = |screen: &Screen| format!("{:?}", screen.master.get_termios().unwrap().local_flags);
            assert!(way == "STOP" || flags(&screen).contains("ICANON"), "{way}: raw mode is off");
            screen.parser.process(b"$ fg\r\n");
            kill(&*screen.child, "CONT");
            screen.wait_for_text("  1 of ");
            screen.wait_for("our screen", |screen| screen.alternate_screen() && screen.hide_cursor());
            // After SIGSTOP the screen tells nothing: the modes are on their way while it looks as before.
            soon("raw mode is on again", || (!flags(&screen).contains("ICANON")).then_some(()));
            screen.press("x");
            screen.wait_for_text("policy drop (line");
            screen.press("g");
            screen.wait_for_text("  1 of ");
        }
        screen.press("q");
        assert_eq!(screen.finish(), 0, "{way}");
    }
}

/// A terminal that takes no output (a hung ssh): nobody reads, until its buffer is full.
#[cfg(target_os = "linux")]
#[test]
fn a_stuck_terminal_holds_no_ending_up() {
    for ending in ["TERM", "HUP", "INT", "QUIT", "q"] {
        let (master, mut child) = start(command(&["play", "open"]));
        let mut keys = master.take_writer().unwrap();
        for _ in 0..40 {
            keys.write_all(b"\x0c").unwrap();
            pause(20);
        }
        // What waits is the thread that writes; nothing turns in circles.
        assert_eq!(state(&*child), "S", "{ending}");
        match ending {
            "q" => keys.write_all(b"q").unwrap(),
            signal => kill(&*child, signal),
        }
        let status = ends_soon(&mut *child);
        assert_eq!(status.signal().is_some(), ending != "q", "{ending}: {status:?}");
        // The modes do not wait for output.
        let mode = master.get_termios().expect("the terminal's settings");
        assert!(format!("{:?}", mode.local_flags).contains("ICANON"), "{ending}");
    }
}

/// A terminal that vanishes, with the SIGHUP of a controlling one and without: at rest, while it draws, with half a key
/// read.
#[test]
fn a_terminal_that_is_gone_ends_the_program() {
    for controlling in [true, false] {
        for keys in ["", " ", "\x1b["] {
            let mut command = command(&["play", "classic"]);
            command.set_controlling_tty(controlling);
            let (master, mut child) = start(command);
            let mut writer = master.take_writer().unwrap();
            let mut reader = master.try_clone_reader().unwrap();
            let mut seen = Vec::new();
            while !String::from_utf8_lossy(&seen).contains("office") {
                let mut buffer = [0; 4096];
                let read = reader.read(&mut buffer).unwrap();
                seen.extend_from_slice(&buffer[..read]);
            }
            writer.write_all(keys.as_bytes()).unwrap();
            pause(100);
            drop((writer, reader, master));
            let status = ends_soon(&mut *child);
            assert!(!status.success() && status.exit_code() != 101, "no panic: {status:?}");
        }
    }
}

#[test]
fn any_size_is_drawn_on() {
    let mut screen = Screen::start(&["play", "classic"], &[]);
    screen.wait_for_text("  1 of ");
    let resize = |screen: &Screen, rows, cols| {
        screen.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    };
    for (rows, cols) in [(1, 1), (0, 0), (1, 200), (200, 1), (2, 3), (u16::MAX, u16::MAX)] {
        resize(&screen, rows, cols);
        pause(50);
        screen.press("x\x0c");
    }
    for storm in 0..300 {
        resize(&screen, storm % 50, storm % 170);
    }
    resize(&screen, SIZE.rows, SIZE.cols);
    screen.press("x");
    screen.wait_for_text("policy drop (line");
    screen.press("q");
    assert_eq!(screen.finish(), 0);
}
