//! FTP commands: a verb, perhaps an argument, CRLF (RFC 959, section 5.3).
//!
//! Not modelled: Telnet option negotiation and the Synch signal before ABOR (RFC 959, section 4.1.3).

use bytes::Bytes;
use std::fmt;

/// One command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// The command word in capitals: `PORT`.
    pub verb: String,
    /// What follows the first space, empty if nothing does. As a peer can send anything, so can this hold anything:
    /// what shows it must make control characters visible.
    pub argument: String,
    /// The word as it goes out, where that is not in capitals: what a user typed (`port`). It means the same.
    pub spelled: Option<String>,
}

impl Command {
    /// A command to send; the verb is put in capitals.
    pub fn new(verb: &str, argument: impl Into<String>) -> Self {
        Self { verb: verb.to_ascii_uppercase(), argument: argument.into(), spelled: None }
    }

    /// A command that a user typed: it goes out as it is. Measured with `quote` of lftp, tnftp and inetutils-ftp and with
    /// `curl -Q`; servers take any case (RFC 959, section 5.3).
    pub fn typed(word: &str, argument: impl Into<String>) -> Self {
        let command = Self::new(word, argument);
        let spelled = (command.verb != word).then(|| word.to_owned());
        Self { spelled, ..command }
    }

    /// The command word as it goes out.
    pub fn word(&self) -> &str {
        self.spelled.as_deref().unwrap_or(&self.verb)
    }

    /// Reads one line, with or without its line end, as leniently as servers do: any case, bytes that are not UTF-8
    /// replaced. There is no line that is not a command; an empty one has an empty verb.
    pub fn parse(line: &[u8]) -> Self {
        let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let text = String::from_utf8_lossy(&line[..end]);
        let (verb, argument) = text.split_once(' ').unwrap_or((&text, ""));
        Self::new(verb, argument)
    }

    /// The line as sent, with CRLF. Line ends within the argument are left out: one command stays one line.
    pub fn to_bytes(&self) -> Bytes {
        let mut line = Vec::with_capacity(self.verb.len() + self.argument.len() + 3);
        line.extend_from_slice(self.word().as_bytes());
        if !self.argument.is_empty() {
            line.push(b' ');
            line.extend_from_slice(self.argument.as_bytes());
        }
        line.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        line.extend_from_slice(b"\r\n");
        line.into()
    }
}

/// The line without its end, as it is; control characters are not escaped.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        if self.argument.is_empty() { Ok(()) } else { write!(f, " {}", self.argument) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parsing_forgives_what_servers_forgive() {
        assert_eq!(Command::parse(b"port 1,2,3,4,5,6\r\n"), Command::new("PORT", "1,2,3,4,5,6"));
        assert_eq!(Command::parse(b"RETR two words.txt\n").argument, "two words.txt");
        assert_eq!(Command::parse(b"\r\n"), Command::new("", ""));
        assert_eq!(Command::parse(b"RETR \xff").argument, "\u{fffd}");
    }

    #[test]
    fn what_was_typed_goes_out_as_it_is_and_means_the_same() {
        let typed = Command::typed("pOrt", "1,2,3,4,5,6");
        assert_eq!(typed.to_bytes().as_ref(), b"pOrt 1,2,3,4,5,6\r\n");
        assert_eq!((typed.verb.as_str(), typed.to_string().as_str()), ("PORT", "pOrt 1,2,3,4,5,6"));
        assert_eq!(Command::parse(&typed.to_bytes()), Command::new("PORT", "1,2,3,4,5,6"));
    }

    #[test]
    fn a_line_end_in_an_argument_does_not_start_a_second_command() {
        assert_eq!(Command::new("retr", "a\r\nDELE b").to_bytes().as_ref(), b"RETR aDELE b\r\n");
        assert_eq!(Command::new("PASV", "").to_bytes().as_ref(), b"PASV\r\n");
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_command(line: Vec<u8>) {
            let _ = Command::parse(&line).to_string();
        }

        #[test]
        fn what_is_sent_is_read(verb in "[A-Z]{3,4}", argument in "[!-~][ -~]{0,40}") {
            let command = Command::new(&verb, argument);
            prop_assert_eq!(Command::parse(&command.to_bytes()), command);
        }
    }
}
