//! What a transfer command asks for: the bytes that go, with the words around them, or where those that come are put
//! (RFC 959, section 4.1.3).

use super::negotiate::DataPlan;
use super::{Profile, RestartBeyond, Server, ServerSession, Text};
use crate::ftp::{Command, Entry, FileSystem, Reply, listing};
use bytes::Bytes;

/// How many names STOU tries.
const MOST_NAMES: u32 = 100_000;

/// How far beyond the end of a file REST may make it begin again, in bytes: as much as a scenario's files hold.
const LARGEST_HOLE: usize = 100_000_000;

/// What is to be done once the data connection is there.
#[derive(Debug)]
pub(super) enum Job {
    /// RETR and the listings.
    Send {
        /// What the socket has not taken yet.
        rest: Bytes,
        /// A listing, not a file.
        listing: bool,
        done: Reply,
    },
    /// STOR, APPE or STOU to this resolved path.
    Receive { path: String, place: Place },
}

/// Where in the file the bytes of an upload go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The file is new or emptied first.
    Whole,
    /// At its end (APPE).
    End,
    /// From here on (REST; RFC 3659, section 5); what is there beyond stays.
    At(u64),
}

impl ServerSession {
    /// What the command wants done, and what 150 says.
    pub(super) fn prepare(&self, command: &Command, restart: u64, server: &mut Server) -> Result<(Job, Reply), Text> {
        let say = server.say();
        let path = FileSystem::resolve(&self.cwd, &command.argument);
        let mode = if self.binary { "BINARY" } else { "ASCII" };
        let begins = |text: Text, values: &[&str]| match (say.begins, self.plan) {
            (Some([active, _]), DataPlan::Active(to)) => active.fill(&[("port", &to.port().to_string())], &[]),
            (Some([_, passive]), _) => passive.reply(),
            (None, _) => text.fill(&[("mode", mode)], values),
        };
        match command.verb.as_str() {
            "RETR" => {
                let missing = if server.files.is_dir(&path) { say.file_is_directory } else { say.file_failed };
                let all = server.files.read(&path).ok_or(missing)?;
                if let Some(text) = say.resume_in_ascii.filter(|_| restart > 0 && !self.binary) {
                    return Err(text);
                }
                let bytes = all.slice(usize::try_from(restart).map_or(all.len(), |at| at.min(all.len()))..);
                let count = if say.counts_skipped { all.len() } else { bytes.len() };
                let begins = begins(say.file_begins, &[&command.argument, &count.to_string()]);
                let done = transfer_done(say.transfer_done, bytes.len());
                Ok((Job::Send { rest: bytes, listing: false, done }, begins))
            }
            "STOR" | "APPE" if server.files.can_write(&path) => {
                let place = self.place(&command.verb, &path, restart, server)?;
                Ok((Job::Receive { path, place }, begins(say.store_begins, &[&command.argument])))
            }
            "STOU" => {
                let name = self.unique_name(&command.argument, server);
                let path = FileSystem::resolve(&self.cwd, &name);
                if !server.files.can_write(&path) {
                    return Err(say.store_failed);
                }
                let mut begins = if say.begins.is_some() {
                    begins(say.store_begins, &[])
                } else {
                    Reply::new(150, format!("FILE: {name}"))
                };
                if say.begins.is_some() {
                    begins.lines.insert(0, format!("FILE: {name}"));
                }
                Ok((Job::Receive { path, place: Place::Whole }, begins))
            }
            "STOR" | "APPE" => Err(say.store_failed),
            verb => {
                let (bytes, done) = self.listing(verb, &command.argument, server);
                // A listing is text, whatever TYPE says.
                let begins = if say.begins.is_some() {
                    begins(say.list_begins, &[])
                } else {
                    let text = if verb == "MLSD" { say.facts_begin } else { say.list_begins };
                    let mode = if verb == "MLSD" { mode } else { "ASCII" };
                    text.fill(&[("mode", mode)], &[])
                };
                Ok((Job::Send { rest: bytes, listing: true, done }, begins))
            }
        }
    }

    /// Where the bytes of STOR or APPE go.
    fn place(&self, verb: &str, path: &str, restart: u64, server: &mut Server) -> Result<Place, Text> {
        let say = server.say();
        let size = server.files.size(path);
        let filled = size.is_some_and(|size| size > 0);
        if let Some([.., text]) = say.guests_may_not
            && server.config.is_anonymous(&self.user)
            && filled
            && (verb == "APPE" || restart > 0)
        {
            // As measured, REST has emptied the file by then, and what is left of it is removed.
            if restart > 0 {
                server.files.remove(path);
            }
            return Err(text);
        }
        match say.restart_beyond {
            RestartBeyond::Refused(text) if restart > size.unwrap_or_default() => {
                if size.is_none() {
                    server.files.write(path, Bytes::new());
                }
                Err(text)
            }
            RestartBeyond::Refused(_) if restart > 0 => Ok(Place::At(restart)),
            RestartBeyond::Ignored if size.is_none() => Ok(Place::Whole),
            _ if verb == "APPE" => Ok(Place::End),
            _ if restart > 0 => Ok(Place::At(restart)),
            _ => Ok(Place::Whole),
        }
    }

    /// The name that STOU gives a file. In pure-ftpd's there is the time, in proftpd's are random letters (`mkstemp`):
    /// here they count.
    fn unique_name(&self, wanted: &str, server: &Server) -> String {
        let is_new = |name: &String| server.files.read(&FileSystem::resolve(&self.cwd, name)).is_none();
        let numbered = |name: &dyn Fn(u32) -> String| (0..MOST_NAMES).map(name).find(is_new).unwrap_or_default();
        match server.config.software {
            Profile::Vsftpd if wanted.is_empty() => numbered(&|number| format!("STOU.{}", number + 1)),
            Profile::Vsftpd => numbered(&|number| match number {
                0 => wanted.to_owned(),
                number => format!("{wanted}.{number}"),
            }),
            Profile::PureFtpd => numbered(&|number| format!("pureftpd.6955b900.0.{number:04x}")),
            Profile::Proftpd => numbered(&|number| format!("ftp{number:06}")),
        }
    }

    /// The bytes of LIST, NLST or MLSD. As in vsftpd, a name that is no directory is looked for in the one it would be in,
    /// and a directory that is not there is admitted only after the transfer.
    pub(super) fn listing(&self, verb: &str, argument: &str, server: &Server) -> (Bytes, Reply) {
        let say = server.say();
        // Options such as `-la` change nothing here.
        let wanted = argument.split(' ').filter(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" ");
        let path = FileSystem::resolve(&self.cwd, &wanted);
        let (dir, only) = if server.files.is_dir(&path) {
            (path.as_str(), None)
        } else {
            let (dir, name) = path.rsplit_once('/').unwrap_or_default();
            (if dir.is_empty() { "/" } else { dir }, Some(name))
        };
        if !server.files.is_dir(dir) {
            return (Bytes::new(), say.list_no_directory.reply());
        }
        let mut entries = server.files.list(dir);
        entries.retain(|entry| only.is_none_or(|name| name == entry.name));
        let missing = only.is_some() && entries.is_empty();
        if verb == "LIST" && server.config.denies(verb) {
            // proftpd, the only one that goes on so far then.
            entries.clear();
        }
        let done = match (say.list_missing, say.names_done) {
            (Some(text), _) if missing => text,
            (_, Some(done)) if verb != "LIST" => done,
            _ => say.list_done,
        };
        let dots = if say.names_dots && verb == "NLST" && only.is_none() { &[".", ".."][..] } else { &[] };
        entries.splice(0..0, dots.iter().map(|name| Entry { name, size: None }));
        let count = entries.len().to_string();
        let done = done.fill(&[("matches", &count), ("argument", argument)], &[]);
        match (verb, say.facts) {
            ("LIST", _) => return (listing::long(say.list_style, entries), done),
            ("MLSD", Some(facts)) => return (listing::facts(facts, entries), done),
            _ => {}
        }
        let wanted = wanted.trim_end_matches('/');
        let prefix = match only {
            Some(name) => wanted.strip_suffix(name).unwrap_or_default().to_owned(),
            None if wanted.is_empty() => String::new(),
            None => format!("{wanted}/"),
        };
        (listing::names(&prefix, entries), done)
    }
}

/// A file with other bytes from `at` on; a hole before them reads as zeros, up to the size that files can have here.
pub(super) fn overwritten(before: &[u8], at: u64, body: &[u8]) -> Bytes {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(LARGEST_HOLE.max(before.len()));
    let mut file = before.to_vec();
    file.resize(file.len().max(at + body.len()), 0);
    file[at..at + body.len()].copy_from_slice(body);
    file.into()
}

/// 226 after a file; where the program tells a rate, that of a tenth of a millisecond.
pub(super) fn transfer_done(text: Text, len: usize) -> Reply {
    if !text.1.contains('{') {
        return text.reply();
    }
    let kbytes = len as u64 * 10_000 / 1024;
    let rate = if kbytes < 512 {
        format!("{kbytes}.00 Kbytes")
    } else {
        format!("{}.{:02} Mbytes", kbytes / 1024, kbytes % 1024 * 100 / 1024)
    };
    text.fill(&[("rate", &rate)], &[])
}
