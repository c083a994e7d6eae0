//! Transfers as the server does them (RFC 959, section 5.1.1 and the sequences of 5.4).
//!
//! The order of events is vsftpd's. The server opens an active connection only when the transfer command is there. It
//! says 150 only when the data connection is; then come the bytes, its FIN, and 226 after both sides have closed.

use super::negotiate::DataPlan;
use super::{Completion, Server, ServerSession, Text};
use crate::ftp::{Command, DataError, FileSystem, FtpTimer, Host, Reply, listing};
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
        done: Text,
    },
    /// STOR to this resolved path.
    Receive {
        path: String,
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
    /// Answers LIST, NLST, RETR or STOR.
    pub(super) fn begin_transfer(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        if self.plan == DataPlan::None {
            return host.send_reply(&say.not_arranged.reply());
        }
        let restart = std::mem::take(&mut self.restart);
        let (job, begins) = match self.prepare(command, restart, server) {
            Ok(ready) => ready,
            // The arrangement stays good for another try.
            Err(refusal) => return host.send_reply(&refusal.reply()),
        };
        host.cancel_timer(FtpTimer::Idle);
        let stage = match self.plan {
            DataPlan::Active(to) => {
                let from = server.config.connect_from_port_20.then_some(20);
                if host.connect_data(from, to).is_err() {
                    self.plan = DataPlan::None;
                    return host.send_reply(&say.not_connected.reply());
                }
                host.set_timer(FtpTimer::DataConnect, server.config.connect_timeout);
                Stage::Connecting
            }
            DataPlan::Listening => {
                host.set_timer(FtpTimer::DataConnect, server.config.accept_timeout);
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
        match command.verb.as_str() {
            "RETR" => {
                let bytes = server.files.read(&path).ok_or(say.file_failed)?.clone();
                let text = if self.binary { say.file_begins_binary } else { say.file_begins_ascii };
                let begins = text.with(&[&command.argument, &bytes.len().to_string()]);
                let bytes = bytes.slice(usize::try_from(restart).map_or(bytes.len(), |at| at.min(bytes.len()))..);
                Ok((Job::Send { bytes, done: say.transfer_done }, begins))
            }
            "STOR" if server.files.can_write(&path) => Ok((Job::Receive { path }, say.store_begins.reply())),
            "STOR" => Err(say.store_failed),
            verb => {
                let (bytes, done) = self.listing(verb == "LIST", &command.argument, server);
                Ok((Job::Send { bytes, done }, say.list_begins.reply()))
            }
        }
    }

    /// The bytes of LIST or NLST. As in vsftpd, a name that is no directory is looked for in the one it would be in,
    /// and a directory that is not there is admitted only after the transfer.
    fn listing(&self, long: bool, argument: &str, server: &Server) -> (Bytes, Text) {
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
            return (Bytes::new(), say.list_no_directory);
        }
        let entries = server.files.list(dir).into_iter().filter(|entry| only.is_none_or(|name| name == entry.name));
        if long {
            return (listing::long(entries), say.list_done);
        }
        let wanted = wanted.trim_end_matches('/');
        let prefix = match only {
            Some(name) => wanted.strip_suffix(name).unwrap_or_default().to_owned(),
            None if wanted.is_empty() => String::new(),
            None => format!("{wanted}/"),
        };
        (listing::names(&prefix, entries), say.list_done)
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
            return self.finish(server.say().wrong_peer, server, host);
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
        host.send_reply(&transfer.begins);
        match &mut transfer.job {
            Job::Send { bytes, done } => {
                let done = *done;
                let bytes = std::mem::take(bytes);
                if !bytes.is_empty() {
                    host.send_data(bytes);
                }
                host.close_data();
                if server.say().completion == Completion::OwnFin {
                    self.finish(done, server, host);
                }
            }
            Job::Receive { .. } => host.set_timer(FtpTimer::Idle, server.config.idle_timeout),
        }
    }

    fn receiving(&self) -> bool {
        matches!(&self.transfer, Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }))
    }

    pub(super) fn data(&mut self, bytes: Bytes, server: &mut Server, host: &mut dyn Host) {
        if self.receiving() {
            self.upload.push(bytes);
            host.set_timer(FtpTimer::Idle, server.config.idle_timeout);
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
            Some(Transfer { stage: Stage::Moving, job: Job::Send { done, .. }, .. }) => {
                let done = *done;
                self.finish(done, server, host);
            }
            Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }) => {
                self.store(server);
                self.finish(server.say().transfer_done, server, host);
            }
            _ => {}
        }
    }

    pub(super) fn data_failed(&mut self, _error: DataError, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        match &self.transfer {
            Some(Transfer { stage: Stage::Connecting, .. }) => self.finish(say.not_connected, server, host),
            Some(Transfer { stage: Stage::Moving, job: Job::Send { .. }, .. }) => {
                self.finish(say.write_failed, server, host);
            }
            Some(Transfer { stage: Stage::Moving, job: Job::Receive { .. }, .. }) => {
                // vsftpd keeps what it got (`delete_failed_uploads=NO`).
                self.store(server);
                self.finish(say.read_failed, server, host);
            }
            None if matches!(self.plan, DataPlan::Accepted { .. }) => self.plan = DataPlan::Broken,
            // A handshake that the listener did not finish is none of the session's business.
            Some(Transfer { stage: Stage::Accepting, .. }) | None => {}
        }
    }

    /// The data connection did not come about in time.
    pub(super) fn on_data_timeout(&mut self, server: &mut Server, host: &mut dyn Host) {
        match self.transfer.as_ref().map(|transfer| transfer.stage) {
            Some(Stage::Connecting) => host.abort_data(),
            Some(Stage::Accepting) => host.stop_listening(),
            Some(Stage::Moving) | None => return,
        }
        self.finish(server.say().not_connected, server, host);
    }

    fn store(&mut self, server: &mut Server) {
        let Some(Transfer { job: Job::Receive { path }, .. }) = &self.transfer else { return };
        let body = match &mut self.upload[..] {
            [] => Bytes::new(),
            [one] => std::mem::take(one),
            several => several.concat().into(),
        };
        // Somebody else may have put a directory there meanwhile; then the bytes are lost.
        server.files.write(path, body);
    }

    /// The last reply of a transfer; then the commands that waited.
    fn finish(&mut self, text: Text, server: &mut Server, host: &mut dyn Host) {
        self.transfer = None;
        self.plan = DataPlan::None;
        self.upload = Vec::new();
        host.cancel_timer(FtpTimer::DataConnect);
        host.send_reply(&text.reply());
        host.set_timer(FtpTimer::Idle, server.config.idle_timeout);
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
