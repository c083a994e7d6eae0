//! Transfers as the server does them (RFC 959, section 5.1.1 and the sequences of 5.4).
//!
//! The server opens an active connection only when the transfer command is there. It says 150 only when the data
//! connection is; then come the bytes, its FIN, and 226, when [`Completion`] says.

use super::negotiate::DataPlan;
use super::profile::error_text;
use super::{Completion, Server, ServerSession, Text};
use crate::ftp::{Command, DataError, FileSystem, FtpTimer, Host, Reply, TlsChannel, listing};
use bytes::Bytes;
use std::net::SocketAddr;

/// A transfer that goes on.
#[derive(Debug)]
pub(super) struct Transfer {
    job: Job,
    stage: Stage,
    /// What to say once the data connection is there.
    begins: Reply,
}

#[derive(Debug)]
enum Job {
    Send {
        bytes: Bytes,
        done: Reply,
    },
    /// STOR or APPE to this resolved path.
    Receive {
        path: String,
        append: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Active: connecting.
    Connecting,
    /// Passive: waiting for the client.
    Accepting,
    /// Bytes flow.
    Moving,
}

impl ServerSession {
    /// Answers LIST, NLST, MLSD, RETR, STOR or APPE.
    pub(super) fn begin_transfer(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        if self.plan == DataPlan::None {
            return self.send(&say.not_arranged.reply(), host);
        }
        let restart = std::mem::take(&mut self.restart);
        let (job, begins) = match self.prepare(command, restart, server) {
            Ok(ready) => ready,
            // The arrangement stays good for another try.
            Err(refusal) => return self.send(&refusal.reply(), host),
        };
        if !say.idle_while_waiting {
            host.cancel_timer(FtpTimer::Idle);
        }
        let stage = match self.plan {
            DataPlan::Active(_)
                if say.dies_of_ports && server.config.port_promiscuous && server.data_port().is_some() =>
            {
                return self.die([say.no_port, say.no_port_active], server, host);
            }
            DataPlan::Active(to) => {
                if let Err(error) = host.connect_data(server.data_port(), to) {
                    let reply = self.not_connected(error, server);
                    self.plan = DataPlan::None;
                    return self.send(&reply, host);
                }
                if let Some(after) = server.connect_timeout() {
                    host.set_timer(FtpTimer::DataConnect, after);
                }
                Stage::Connecting
            }
            DataPlan::Listening => {
                host.set_timer(FtpTimer::DataConnect, server.accept_timeout());
                Stage::Accepting
            }
            DataPlan::None | DataPlan::Accepted { .. } | DataPlan::Broken => Stage::Accepting,
        };
        self.transfer = Some(Transfer { job, stage, begins });
        match self.plan {
            DataPlan::Accepted { remote, closed } => self.accept(remote, closed, server, host),
            DataPlan::Broken => {
                // accept() still gives the broken connection; only writing to it shows.
                self.move_bytes(server, host);
                self.data_failed(DataError::Reset, server, host);
            }
            DataPlan::None | DataPlan::Active(_) | DataPlan::Listening => {}
        }
    }

    /// What the command wants done, and what 150 says.
    fn prepare(&self, command: &Command, restart: u64, server: &Server) -> Result<(Job, Reply), Text> {
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
                let bytes = server.files.read(&path).ok_or(say.file_failed)?.clone();
                let begins = begins(say.file_begins, &[&command.argument, &bytes.len().to_string()]);
                let bytes = bytes.slice(usize::try_from(restart).map_or(bytes.len(), |at| at.min(bytes.len()))..);
                let done = transfer_done(say.transfer_done, bytes.len());
                Ok((Job::Send { bytes, done }, begins))
            }
            "STOR" | "APPE" if server.files.can_write(&path) => {
                let append = command.verb == "APPE";
                Ok((Job::Receive { path, append }, begins(say.store_begins, &[&command.argument])))
            }
            "STOR" | "APPE" => Err(say.store_failed),
            verb => {
                let (bytes, done) = self.listing(verb, &command.argument, server);
                // A listing is text, whatever TYPE says.
                let begins = if say.begins.is_some() {
                    begins(say.list_begins, &[])
                } else {
                    say.list_begins.fill(&[("mode", "ASCII")], &[])
                };
                Ok((Job::Send { bytes, done }, begins))
            }
        }
    }

    /// The bytes of LIST, NLST or MLSD. As in vsftpd, a name that is no directory is looked for in the one it would be in,
    /// and a directory that is not there is admitted only after the transfer.
    fn listing(&self, verb: &str, argument: &str, server: &Server) -> (Bytes, Reply) {
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
        let done = say.list_done.fill(&[("matches", &entries.len().to_string())], &[]);
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

    pub(super) fn data_connected(&mut self, remote: SocketAddr, server: &mut Server, host: &mut dyn Host) {
        match self.transfer.as_ref().map(|transfer| transfer.stage) {
            Some(Stage::Connecting) => self.move_bytes(server, host),
            Some(Stage::Accepting) => self.accept(remote, false, server, host),
            None if self.plan == DataPlan::Listening => self.plan = DataPlan::Accepted { remote, closed: false },
            Some(Stage::Moving) | None => {}
        }
    }

    /// Takes a passive data connection if it comes from the client. RFC 2577, section 4: anybody can race to the port.
    fn accept(&mut self, remote: SocketAddr, closed: bool, server: &mut Server, host: &mut dyn Host) {
        host.stop_listening();
        if remote.ip() != host.control_remote().ip() && !server.config.pasv_promiscuous {
            // vsftpd closes it in order; we reset it so that it cannot be taken for the next one.
            host.abort_data();
            return self.finish(&server.say().wrong_peer.reply(), server, host);
        }
        self.move_bytes(server, host);
        if closed {
            self.data_closed(server, host);
        }
    }

    /// The data connection is there: 150, and the bytes.
    fn move_bytes(&mut self, server: &mut Server, host: &mut dyn Host) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.stage = Stage::Moving;
        self.plan = DataPlan::None;
        host.cancel_timer(FtpTimer::DataConnect);
        let begins = std::mem::replace(&mut transfer.begins, Reply::new(150, ""));
        let sends = match &mut transfer.job {
            Job::Send { bytes, .. } => Some(std::mem::take(bytes)),
            Job::Receive { .. } => None,
        };
        self.send(&begins, host);
        let Some(bytes) = sends else { return host.set_timer(FtpTimer::Idle, server.idle_timeout()) };
        if server.say().idle_while_waiting {
            host.cancel_timer(FtpTimer::Idle);
        }
        self.moved[1] += bytes.len() as u64;
        if !bytes.is_empty() {
            host.send_data(if self.private { TlsChannel::seal_file(&bytes) } else { bytes });
        }
        host.close_data();
        if server.say().completion == Completion::OwnFin {
            self.complete(server, host);
        }
    }

    /// Whether ABOR would be heard now.
    pub(super) fn hears_abor(&self, server: &Server) -> bool {
        server.say().hears_abor && matches!(&self.transfer, Some(Transfer { stage: Stage::Moving, .. }))
    }

    /// ABOR while bytes move (RFC 959, section 4.1.3): 426 for the transfer, 226 for the command.
    pub(super) fn abort_transfer(&mut self, server: &mut Server, host: &mut dyn Host) {
        host.abort_data();
        self.store(server);
        let say = server.say();
        self.send(&say.aborted.reply(), host);
        self.finish(&say.abort_done.reply(), server, host);
    }

    /// A download went well.
    fn complete(&mut self, server: &mut Server, host: &mut dyn Host) {
        if let Some(Transfer { job: Job::Send { done, .. }, .. }) = &mut self.transfer {
            let done = std::mem::replace(done, Reply::new(226, ""));
            self.finish(&done, server, host);
        }
    }

    /// 425 for a connection that was not to be had.
    fn not_connected(&self, error: DataError, server: &Server) -> Reply {
        let port = match self.plan {
            DataPlan::Active(to) => to.port(),
            _ => 0,
        };
        server.say().not_connected.fill(&[("port", &port.to_string()), ("error", error_text(error))], &[])
    }

    fn receiving(&self) -> bool {
        matches!(&self.transfer, Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }))
    }

    pub(super) fn data(&mut self, bytes: Bytes, server: &mut Server, host: &mut dyn Host) {
        if self.receiving() {
            self.upload.push(bytes);
            host.set_timer(FtpTimer::Idle, server.idle_timeout());
        } else if matches!(self.plan, DataPlan::Accepted { .. }) {
            self.upload.push(bytes);
        }
    }

    pub(super) fn data_closed(&mut self, _server: &mut Server, host: &mut dyn Host) {
        if self.receiving() {
            host.close_data();
        } else if let DataPlan::Accepted { closed, .. } = &mut self.plan {
            *closed = true;
        }
    }

    pub(super) fn data_done(&mut self, server: &mut Server, host: &mut dyn Host) {
        match &self.transfer {
            Some(Transfer { stage: Stage::Moving, job: Job::Send { .. }, .. }) => self.complete(server, host),
            Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }) => {
                let len = self.store(server);
                self.finish(&transfer_done(server.say().transfer_done, len), server, host);
            }
            _ => {}
        }
    }

    pub(super) fn data_failed(&mut self, error: DataError, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        match &self.transfer {
            Some(Transfer { stage: Stage::Connecting, .. }) => {
                let reply = self.not_connected(error, server);
                self.finish(&reply, server, host);
            }
            Some(Transfer { stage: Stage::Moving, job: Job::Send { .. }, .. }) => {
                self.finish(&say.write_failed.reply(), server, host);
            }
            Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }) => {
                // vsftpd keeps what it got (`delete_failed_uploads=NO`).
                self.store(server);
                self.finish(&say.read_failed.reply(), server, host);
            }
            None if matches!(self.plan, DataPlan::Accepted { .. }) => self.plan = DataPlan::Broken,
            // A handshake that the listener did not finish is none of the session's business.
            Some(Transfer { stage: Stage::Accepting, .. }) | None => {}
        }
    }

    /// The data connection did not come about in time.
    pub(super) fn on_data_timeout(&mut self, server: &mut Server, host: &mut dyn Host) {
        match self.transfer.as_ref().map(|transfer| transfer.stage) {
            Some(Stage::Connecting) => {
                host.abort_data();
                let reply = self.not_connected(DataError::TimedOut, server);
                self.finish(&reply, server, host);
            }
            Some(Stage::Accepting) => {
                host.stop_listening();
                self.finish(&server.say().nobody_came.reply(), server, host);
            }
            Some(Stage::Moving) | None => {}
        }
    }

    /// Puts what was received into its file; how many bytes that is.
    fn store(&mut self, server: &mut Server) -> usize {
        let Some(Transfer { job: Job::Receive { path, append }, .. }) = &self.transfer else { return 0 };
        let mut body = match &mut self.upload[..] {
            [] => Bytes::new(),
            [one] => std::mem::take(one),
            several => several.concat().into(),
        };
        if self.private {
            body = TlsChannel::open_file(&body);
        }
        let len = body.len();
        self.moved[0] += len as u64;
        if let Some(before) = server.files.read(path).filter(|_| *append) {
            body = [before.as_ref(), body.as_ref()].concat().into();
        }
        // Somebody else may have put a directory there meanwhile; then the bytes are lost.
        server.files.write(path, body);
        len
    }

    /// The last reply of a transfer; then the commands that waited.
    fn finish(&mut self, reply: &Reply, server: &mut Server, host: &mut dyn Host) {
        self.transfer = None;
        self.plan = DataPlan::None;
        self.upload = Vec::new();
        host.cancel_timer(FtpTimer::DataConnect);
        self.send(reply, host);
        host.set_timer(FtpTimer::Idle, server.idle_timeout());
        self.read_commands(server, host);
    }

    /// Forgets the arrangement and whatever came of it, as a new PORT or PASV and the session's end do.
    pub(super) fn drop_data(&mut self, host: &mut dyn Host) {
        match (&self.transfer, self.plan) {
            (Some(Transfer { stage: Stage::Connecting | Stage::Moving, .. }), _) | (_, DataPlan::Accepted { .. }) => {
                host.abort_data();
            }
            _ => {}
        }
        if matches!(self.plan, DataPlan::Listening | DataPlan::Accepted { .. } | DataPlan::Broken) {
            host.stop_listening();
        }
        if self.transfer.take().is_some() {
            host.cancel_timer(FtpTimer::DataConnect);
        }
        self.plan = DataPlan::None;
        self.upload = Vec::new();
    }
}

/// 226 after a file; where the program tells a rate, that of a tenth of a millisecond.
fn transfer_done(text: Text, len: usize) -> Reply {
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
