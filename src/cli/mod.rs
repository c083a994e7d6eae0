//! The command line: one file a subcommand.
//!
//! Results go to standard output, everything else to standard error. The exit status stands in the help
//! (`after_help` below). That nobody reads the output to its end changes nothing about it.
//!
//! | file | subject |
//! |---|---|
//! | `arguments` | the arguments read: what clap has to say goes the way of all other output |
//! | `calibrate` | `ftpscope calibrate`: real captures held against the simulation |
//! | `check` | `ftpscope check`: scenarios held against what they expect |
//! | `compare` | `ftpscope compare`: active beside passive |
//! | `help` | the help in the reader's language |
//! | `lab` | `ftpscope lab`: the same network of real software, as a shell script |
//! | `list` | `ftpscope list`: the built-in scenarios |
//! | `load` | a scenario by name, from a file or from standard input |
//! | `output` | where results go: standard output, or a file that is written whole or not at all |
//! | `play` | `ftpscope play` and the gallery: the terminal view |
//! | `temporary` | the temporary file beside a result's place |
//! | `trace` | `ftpscope trace`: what happened, as a ladder, as sentences, as JSON or as a packet capture |

mod arguments;
mod calibrate;
mod check;
mod compare;
pub(crate) mod help;
mod lab;
mod list;
mod load;
mod output;
mod play;
mod temporary;
mod trace;

use crate::engine::LimitReached;
use crate::ftp::Mode;
use crate::narrate::{Arg, Id, Language, Messages};
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// See how a protocol meets a firewall: FTP's two channels, packet by packet.
#[derive(Debug, Parser)]
#[command(
    name = "ftpscope",
    bin_name = "ftpscope",
    version,
    about,
    after_help = "Without a subcommand: the gallery of scenarios; without a terminal, the classic comparison of active \
                  and passive mode as text.\n\nSCENARIO is a built-in name (see 'ftpscope list'), a file, or - for \
                  standard input.\n\nExit status: 0 it did what was asked (a blocked transfer is a result, not a \
                  failure); 1 an expectation failed ('check') or a capture differs ('calibrate'); 2 the arguments, the \
                  scenario or a file are wrong, or the output cannot be written. A reader that goes away early changes \
                  nothing."
)]
struct Cli {
    #[command(flatten)]
    look: Look,
    #[command(subcommand)]
    command: Option<Command>,
}

/// How things are shown.
#[derive(Clone, Debug, Default, Args)]
struct Look {
    /// Language of all explanations: en or zh-CN [default: from the environment]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<Language>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    ascii: bool,
    /// Colours of the terminal view [default: auto; monochrome where `NO_COLOR` is set]
    #[arg(long, global = true, value_enum, value_name = "THEME")]
    theme: Option<crate::tui::ThemeName>,
}

/// A scenario and what to change about it.
#[derive(Clone, Debug, Args)]
struct Subject {
    /// A built-in name, a file, or - for standard input
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::FilePath)]
    scenario: String,
    /// How data connections are arranged: active, passive, active-eprt, passive-epsv
    #[arg(long, value_name = "MODE")]
    mode: Option<Mode>,
    /// Seed of all random choices
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a scenario in the terminal; starts paused at the first frame
    Play(play::PlayArgs),
    /// Print what happened: the ladder, one sentence a frame, JSON, or a packet capture
    Trace(trace::TraceArgs),
    /// Active beside passive, to the first step that differs
    Compare(compare::CompareArgs),
    /// Validate scenarios, run them, hold them against their expectations
    Check(check::CheckArgs),
    /// Write a shell script that builds the same network of real software and captures its packets
    Lab(lab::LabArgs),
    /// Hold packet captures of a real network against the simulation
    Calibrate(calibrate::CalibrateArgs),
    /// The built-in scenarios
    List,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Why a command did not do what was asked.
#[derive(Debug)]
enum Failed {
    /// An expectation failed; what there is to say has been said.
    Expectation,
    /// The arguments or the scenario are wrong; the message is for standard error.
    Usage(String),
    /// The output could not be written: to a file, or to standard output.
    Output(Option<String>, std::io::Error),
}

impl Failed {
    /// With the message of an id.
    fn said(messages: &Messages, id: Id, args: &[Arg<'_>]) -> Self {
        let problem = messages.format(id, args);
        Self::Usage(messages.format(Id::ErrorProgram, &[("problem", &problem)]))
    }

    /// A run was stopped.
    fn limit(messages: &Messages, limit: LimitReached) -> Self {
        let problem = crate::narrate::limit(messages, limit);
        Self::Usage(messages.format(Id::ErrorProgram, &[("problem", &problem)]))
    }

    /// What there is to say of it on standard error.
    fn message(&self, messages: &Messages) -> Option<String> {
        match self {
            Self::Expectation => None,
            Self::Usage(message) => Some(message.clone()),
            Self::Output(path, error) => {
                let error = error.to_string();
                let problem = match path {
                    Some(path) => messages.format(Id::ErrorWrite, &[("path", path), ("error", &error)]),
                    None => messages.format(Id::ErrorWriteStdout, &[("error", &error)]),
                };
                Some(messages.format(Id::ErrorProgram, &[("problem", &problem)]))
            }
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let mut language = None;
    let done = arguments::parse().and_then(|cli| {
        let Some(cli) = cli else { return Ok(()) };
        language = cli.look.lang;
        run(&cli)
    });
    let Err(failed) = done else { return ExitCode::SUCCESS };
    let Some(message) = failed.message(&Messages::new(Language::detect(language))) else { return ExitCode::from(1) };
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
    ExitCode::from(2)
}

fn run(cli: &Cli) -> Result<(), Failed> {
    let look = &cli.look;
    match &cli.command {
        Some(Command::Play(args)) => play::run(args, look),
        Some(Command::Trace(args)) => trace::run(args, look),
        Some(Command::Compare(args)) => compare::run(args, look),
        Some(Command::Check(args)) => check::run(args, look),
        Some(Command::Lab(args)) => lab::run(args, look),
        Some(Command::Calibrate(args)) => calibrate::run(args, look),
        Some(Command::List) => list::run(look),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "ftpscope", &mut script);
            output::print(&script)
        }
        None if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() => play::gallery(look),
        None => compare::classic(look),
    }
}

impl Look {
    fn language(&self) -> Language {
        Language::detect(self.lang)
    }

    /// For text: line-drawing characters unless told otherwise, so that the same command gives the same bytes.
    const fn glyphs(&self) -> crate::ladder::Glyphs {
        if self.ascii { crate::ladder::Glyphs::ASCII } else { crate::ladder::Glyphs::UNICODE }
    }
}
