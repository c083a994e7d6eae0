//! The words of a client's run list: `ls`, `get readme.txt`, `SYST`.

use crate::ftp::Command;
use crate::message::{Message, Phrase, say};
use crate::time::Duration;
use crate::units;
use thiserror::Error;

/// The longest entry, in bytes: far below what servers take as one line.
const MAX_ENTRY: usize = 1000;

/// One command of a run list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `ls [path]`: LIST.
    List(String),
    /// `nls [path]`: NLST.
    NameList(String),
    /// `get file`: SIZE and RETR.
    Get(String),
    /// `put file`: STOR.
    Put(String),
    /// `append file`: APPE.
    Append(String),
    /// `fxp file`: from the session's server to the second one.
    Copy(String),
    /// `delete file`: DELE.
    Delete(String),
    /// `mkdir directory`: MKD.
    MakeDirectory(String),
    /// `rename from to`: RNFR and RNTO.
    Rename(String, String),
    /// `cd directory`: CWD.
    ChangeDirectory(String),
    /// `pwd`: PWD.
    PrintDirectory,
    /// `wait 5 min`: nothing, for this long.
    Wait(Duration),
    /// `quit`: QUIT.
    Quit,
    /// Anything else: a command that is sent as it is, and its reply awaited.
    Raw(Command),
}

/// Why an entry of a run list is none; each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.message())]
pub enum StepError {
    /// It has so many bytes.
    TooLong(usize),
    /// It holds a character that is no text.
    Control(char),
    /// It is empty.
    Empty,
    /// A word without what it is about.
    Incomplete {
        /// The word.
        word: String,
        /// What is missing.
        what: Phrase,
        /// How it could go on.
        example: &'static str,
    },
    /// Something follows a word that stands alone.
    Superfluous {
        /// The word.
        word: String,
        /// What follows it.
        argument: String,
    },
}

impl StepError {
    /// What is wrong, and what to write instead.
    pub fn message(&self) -> Message {
        match self {
            Self::TooLong(bytes) => say!("a command of {} bytes is too long: at most {} are sent", bytes, MAX_ENTRY),
            Self::Control(character) => {
                let shown = character.escape_default().to_string();
                say!("a command is one line of text, but this has a control character in it ({})", shown)
            }
            Self::Empty => say!(
                "an empty command: write ls, nls, get FILE, put FILE, append FILE, fxp FILE, delete FILE, rename FROM \
                 TO, mkdir DIRECTORY, cd DIRECTORY, pwd, wait TIME, quit or a raw FTP command such as SYST"
            )
            .into(),
            Self::Incomplete { word, what, example } => {
                say!("'{}' needs {}: write '{} {}'", word, what, word, example)
            }
            Self::Superfluous { word, argument } => say!("'{}' stands alone: leave out '{}'", word, argument),
        }
    }
}

impl Step {
    /// Reads an entry.
    pub fn parse(text: &str) -> Result<Self, StepError> {
        if text.len() > MAX_ENTRY {
            return Err(StepError::TooLong(text.len()));
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(StepError::Control(control));
        }
        let text = text.trim();
        let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
        let argument = argument.trim();
        let incomplete = |what, example| StepError::Incomplete { word: word.to_owned(), what, example };
        let needs = |what, example| {
            if argument.is_empty() { Err(incomplete(what, example)) } else { Ok(argument.to_owned()) }
        };
        let alone = |step| {
            let (word, argument) = (word.to_owned(), argument.to_owned());
            if argument.is_empty() { Ok(step) } else { Err(StepError::Superfluous { word, argument }) }
        };
        match word {
            "" => Err(StepError::Empty),
            "ls" => Ok(Self::List(argument.to_owned())),
            "nls" => Ok(Self::NameList(argument.to_owned())),
            "get" => needs(say!("the name of a file"), "readme.txt").map(Self::Get),
            "put" => needs(say!("the name of a file"), "upload.txt").map(Self::Put),
            "append" => needs(say!("the name of a file"), "upload.txt").map(Self::Append),
            "fxp" => needs(say!("the name of a file"), "readme.txt").map(Self::Copy),
            "delete" => needs(say!("the name of a file"), "old.txt").map(Self::Delete),
            "mkdir" => needs(say!("the name of a directory"), "new").map(Self::MakeDirectory),
            "rename" => match argument.split_once(' ') {
                Some((from, to)) => Ok(Self::Rename(from.to_owned(), to.trim().to_owned())),
                None => Err(incomplete(say!("two names"), "old.txt new.txt")),
            },
            "cd" => needs(say!("the name of a directory"), "pub").map(Self::ChangeDirectory),
            "wait" => match units::duration(argument) {
                Ok(time) if time.as_nanos() > 0 => Ok(Self::Wait(time)),
                _ => Err(incomplete(say!("a time"), "5 min")),
            },
            "pwd" => alone(Self::PrintDirectory),
            "quit" => alone(Self::Quit),
            _ if word.eq_ignore_ascii_case("quit") => alone(Self::Quit),
            _ => Ok(Self::Raw(Command::typed(word, argument))),
        }
    }

    /// The command that moves its bytes, if it is a transfer.
    pub(super) fn transfer(&self) -> Option<Command> {
        match self {
            Self::List(path) => Some(Command::new("LIST", path.as_str())),
            Self::NameList(path) => Some(Command::new("NLST", path.as_str())),
            Self::Get(file) => Some(Command::new("RETR", file.as_str())),
            Self::Put(file) => Some(Command::new("STOR", file.as_str())),
            Self::Append(file) => Some(Command::new("APPE", file.as_str())),
            _ => None,
        }
    }

    /// Whether its file shall arrive bit by bit: `TYPE I`, not `TYPE A`.
    pub(super) const fn is_binary(&self) -> bool {
        matches!(self, Self::Get(_) | Self::Put(_) | Self::Append(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_raw_commands() {
        assert_eq!(Step::parse("ls"), Ok(Step::List(String::new())));
        assert_eq!(Step::parse(" get  my file "), Ok(Step::Get("my file".into())));
        assert_eq!(Step::parse("rename a b"), Ok(Step::Rename("a".into(), "b".into())));
        assert_eq!(Step::parse("QUIT"), Ok(Step::Quit));
        assert_eq!(Step::parse("wait 5 min"), Ok(Step::Wait(Duration::from_secs(300))));
        assert!(Step::parse("wait long").unwrap_err().to_string().contains("write 'wait 5 min'"));
        assert_eq!(Step::parse("port 1,2"), Ok(Step::Raw(Command::typed("port", "1,2"))));
        assert_eq!(Step::parse("SITE HELP"), Ok(Step::Raw(Command::new("SITE", "HELP"))));
        assert_eq!(Step::parse("PORT 1,2,3,4,5,6"), Ok(Step::Raw(Command::new("PORT", "1,2,3,4,5,6"))));
    }

    #[test]
    fn errors_say_what_to_write() {
        assert_eq!(
            Step::parse("get").unwrap_err().to_string(),
            "'get' needs the name of a file: write 'get readme.txt'"
        );
        assert_eq!(
            Step::parse("rename x").unwrap_err().to_string(),
            "'rename' needs two names: write 'rename old.txt new.txt'"
        );
        assert_eq!(Step::parse("pwd x").unwrap_err().to_string(), "'pwd' stands alone: leave out 'x'");
        assert!(Step::parse("  ").unwrap_err().to_string().contains("an empty command"));
        assert!(Step::parse("NOOP\r\nQUIT").unwrap_err().to_string().contains("control character in it (\\r)"));
        assert!(Step::parse(&"x".repeat(1001)).unwrap_err().to_string().contains("too long"));
    }
}
