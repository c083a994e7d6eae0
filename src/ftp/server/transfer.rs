//! Transfers as the server does them (RFC 959, section 5.1.1 and the sequences of 5.4).
//!
//! The server opens an active connection only when the transfer command is there. It says 150 only when the data
//! connection is; then come the bytes, its FIN, and 226, when [`Completion`] says.

use super::job::{Job, Place, overwritten, transfer_done};
use super::negotiate::DataPlan;
use super::profile::error_text;
use super::{Completion, Server, ServerSession, Stalled, Stranger, Text};
use crate::ftp::{Command, DataError, FtpTimer, Hello, Host, Reply, TlsChannel};
use crate::time::{Duration, Instant};
use bytes::Bytes;
use std::net::SocketAddr;

/// A transfer that goes on.
#[derive(Debug)]
pub(super) struct Transfer {
    job: Job,
    stage: Stage,
    /// What to say once the data connection is there.
    begins: Reply,
    shake: Shake,
    /// Bytes have moved since the data connection was looked at last.
    progress: bool,
    /// When the data connection was there, and how many bytes had been moved in the session before.
    since: (Instant, u64),
    /// Bytes that have gone since the last pause, where the rate is limited; and whether there is a pause now.
    paced: usize,
    pauses: bool,
}

/// How far the handshake of a protected data connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shake {
    /// The client's hello is awaited; of a connection that is not protected, it is over at once.
    Hello,
    /// Another hello is awaited, with a key for a curve that this server takes.
    HelloAgain,
    /// The end of it is awaited.
    Finished,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Active: connecting.
    Connecting,
    /// Passive: waiting for the client.
    Accepting,
    /// Bytes flow.
    Moving,
    /// Our side is closed; what was sent, or the client's close, is waited for.
    Closing,
}

impl ServerSession {
    /// Answers LIST, NLST, MLSD, RETR, STOR, APPE or STOU.
    pub(super) fn begin_transfer(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        if self.plan == DataPlan::None && say.default_data_port {
            // RFC 959, section 3.2 makes it the control connection's own port; proftpd takes the one below, and after
            // PASV or EPSV, as measured, the port on which it listened itself.
            let client = host.control_remote();
            let port = self.passive_port.unwrap_or_else(|| client.port().saturating_sub(1));
            self.plan = DataPlan::Active(SocketAddr::new(client.ip(), port));
        }
        if self.plan == DataPlan::None && say.arranges_first {
            return self.send(&say.not_arranged.reply(), host);
        }
        let restart = std::mem::take(&mut self.restart);
        let (job, begins) = match self.prepare(command, restart, server) {
            Ok(ready) => ready,
            Err(refusal) => {
                // Elsewhere the arrangement stays good for another try.
                if say.refusal_ends_plan && !matches!(self.plan, DataPlan::Active(_)) {
                    self.drop_data(host);
                }
                let refusal = self.fill(refusal, command, server, host);
                return self.send(&refusal, host);
            }
        };
        if self.plan == DataPlan::None {
            let mut refusal = say.not_arranged.reply();
            // pure-ftpd has told the name by then.
            refusal.lines.splice(0..0, begins.lines.into_iter().filter(|line| line.starts_with("FILE: ")));
            return self.send(&refusal, host);
        }
        if !say.idle_while_waiting {
            host.cancel_timer(FtpTimer::Idle);
        }
        let data_port = server.data_port(host.control_local().port());
        let stage = match self.plan {
            DataPlan::Active(_)
                if say.exits_on_bind_failure
                    && server.config.port_promiscuous
                    && data_port.is_some_and(|port| port < 1024) =>
            {
                return self.exit_with([say.no_port, say.no_port_active], server, host);
            }
            DataPlan::Active(to) => {
                if let Err(error) = host.connect_data(data_port, to) {
                    let reply = self.not_connected(error, server);
                    self.plan = self.plan_after(server);
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
        let shake = if self.private { Shake::Hello } else { Shake::Over };
        self.transfer = Some(Transfer {
            job,
            stage,
            begins,
            shake,
            progress: false,
            paced: 0,
            pauses: false,
            since: (host.now(), 0),
        });
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

    pub(super) fn data_connected(&mut self, remote: SocketAddr, server: &mut Server, host: &mut dyn Host) {
        match self.transfer.as_ref().map(|transfer| transfer.stage) {
            Some(Stage::Connecting) => self.move_bytes(server, host),
            Some(Stage::Accepting) => self.accept(remote, false, server, host),
            None if self.plan == DataPlan::Listening => self.plan = DataPlan::Accepted { remote, closed: false },
            Some(Stage::Moving | Stage::Closing) | None => {}
        }
    }

    /// Takes a passive data connection if it comes from the client. RFC 2577, section 4: anybody can race to the port.
    fn accept(&mut self, remote: SocketAddr, closed: bool, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        if remote.ip() != host.control_remote().ip() && !server.config.pasv_promiscuous {
            match say.stranger {
                Stranger::Served => {}
                Stranger::EndsTransfer => {
                    host.stop_listening();
                    host.leave_data();
                    return self.finish(&say.wrong_peer.reply(), server, host);
                }
                Stranger::TurnedAway => {
                    host.leave_data();
                    self.upload = Vec::new();
                    self.plan = DataPlan::Listening;
                    return host.set_timer(FtpTimer::DataConnect, server.accept_timeout());
                }
            }
        }
        if !say.passive_stays {
            host.stop_listening();
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
        transfer.since = (host.now(), self.moved[1]);
        host.cancel_timer(FtpTimer::DataConnect);
        host.cancel_timer(FtpTimer::Idle);
        let begins = std::mem::replace(&mut transfer.begins, Reply::new(150, ""));
        self.send(&begins, host);
        host.set_timer(FtpTimer::DataProgress, server.data_timeout());
        if self.private {
            self.shake_hands(server, host);
        } else {
            self.send_file(server, host);
        }
    }

    /// Goes on with the handshake of a protected data connection (RFC 4217, section 10): the client is TLS's client.
    fn shake_hands(&mut self, server: &mut Server, host: &mut dyn Host) {
        let arrived = TlsChannel::handshakes(&self.upload.concat());
        let Some(transfer) = &mut self.transfer else { return };
        let retries = usize::from(server.say().wants_p256 && arrived.first() == Some(&Hello::X25519));
        if transfer.shake == Shake::Hello && arrived.len() == 1 && retries == 1 {
            transfer.shake = Shake::HelloAgain;
            host.send_data(TlsChannel::retry());
        }
        let arrived = arrived.len().saturating_sub(retries);
        if matches!(transfer.shake, Shake::Hello | Shake::HelloAgain) && arrived > 0 {
            transfer.shake = Shake::Finished;
            host.send_data(TlsChannel::data_server_hello());
        }
        if transfer.shake == Shake::Finished && arrived > 1 {
            transfer.shake = Shake::Over;
            if let Job::Send { rest, .. } = &mut transfer.job
                && !rest.is_empty()
            {
                *rest = TlsChannel::seal_file(rest);
            }
            self.send_file(server, host);
        }
    }

    /// Sends what there is to send, as far as the socket takes it and the rate allows; an upload has nothing.
    pub(super) fn send_file(&mut self, server: &mut Server, host: &mut dyn Host) {
        let Some(transfer) = &mut self.transfer else { return };
        let Job::Send { rest, listing, .. } = &mut transfer.job else { return };
        if transfer.stage != Stage::Moving || transfer.shake != Shake::Over || transfer.pauses {
            return;
        }
        let corked = *listing && server.say().corks_listings;
        let pace = server.pace().filter(|_| !*listing && !self.private);
        let allowed = pace.map_or(rest.len(), |(chunk, _)| rest.len().min(chunk - transfer.paced));
        let taken = match allowed {
            _ if corked => host.send_last_data(rest.clone()),
            0 => 0,
            _ => host.send_data(rest.slice(..allowed)),
        };
        let left = rest.split_off(taken);
        self.moved[1] += rest.len() as u64;
        *rest = left;
        let all = rest.is_empty();
        // Measured with strace: vsftpd pauses after 64 KiB, proftpd after 16 KiB, pure-ftpd after 48 KiB.
        if let Some((chunk, pause)) = pace {
            transfer.paced += taken;
            if transfer.paced == chunk && !all {
                transfer.paced = 0;
                transfer.pauses = true;
                host.set_timer(FtpTimer::Pace, pause);
            }
        }
        self.bytes_moved(taken, server, host);
        if all {
            self.end_of_file(corked, server, host);
        }
    }

    /// The pause for the sake of the rate is over.
    pub(super) fn go_on_sending(&mut self, server: &mut Server, host: &mut dyn Host) {
        if let Some(transfer) = &mut self.transfer {
            transfer.pauses = false;
        }
        self.send_file(server, host);
    }

    /// Everything was given to the socket: it is closed.
    fn end_of_file(&mut self, closed: bool, server: &mut Server, host: &mut dyn Host) {
        let complete = server.say().completion == Completion::OwnFin;
        if let Some(transfer) = &mut self.transfer {
            transfer.stage = Stage::Closing;
        }
        if !complete {
            host.set_timer(FtpTimer::DataProgress, server.linger());
        }
        match (closed, complete) {
            (true, _) => {}
            // The next data connection may be there before this one has ended.
            (false, true) => host.leave_data(),
            (false, false) => host.linger_data(),
        }
        if complete {
            self.complete(server, host);
        }
    }

    /// Bytes went or came: the data connection is alive.
    fn bytes_moved(&mut self, count: usize, server: &Server, host: &mut dyn Host) {
        let Some(transfer) = self.transfer.as_mut().filter(|_| count > 0) else { return };
        transfer.progress = true;
        if !server.say().looks_each_period {
            host.set_timer(FtpTimer::DataProgress, server.data_timeout());
        }
    }

    /// Whether the data connection is there.
    pub(super) fn moves_bytes(&self) -> bool {
        matches!(&self.transfer, Some(Transfer { stage: Stage::Moving | Stage::Closing, .. }))
    }

    /// The time is over for the data connection to do something.
    pub(super) fn on_data_watch(&mut self, server: &mut Server, host: &mut dyn Host) {
        let Some(transfer) = &mut self.transfer else { return };
        if transfer.stage == Stage::Closing {
            // close() returns.
            host.release_data();
            return self.data_ended(server, host);
        }
        if server.say().looks_each_period && std::mem::take(&mut transfer.progress) {
            host.set_timer(FtpTimer::DataProgress, server.data_timeout());
            // The alarm has interrupted sendfile(); called again, it takes what has become free meanwhile, be it little.
            return self.send_file(server, host);
        }
        let (since, sent) = transfer.since;
        let sends = matches!(transfer.job, Job::Send { .. });
        let stalled = server.say().stalled[usize::from(!sends)];
        if stalled == Stalled::Waits {
            return;
        }
        let received = self.store(server) as u64;
        host.leave_data();
        match stalled {
            Stalled::EndsTransfer(text) => {
                let bytes = if sends { self.moved[1] - sent } else { received };
                let reply = stalled_reply(text, host.now().since(since), bytes);
                self.finish(&reply, server, host);
            }
            Stalled::EndsSession(text) => {
                let reply = self.fill(text, &Command::new("", ""), server, host);
                self.send(&reply, host);
                self.transfer = None;
                self.plan = DataPlan::None;
                self.close(server, host);
            }
            Stalled::Waits => {}
        }
    }

    /// Whether ABOR would be heard now.
    pub(super) fn hears_abor(&self, server: &Server) -> bool {
        server.say().hears_abor && self.moves_bytes()
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
        let shaking = |transfer: &Transfer| transfer.stage == Stage::Moving && transfer.shake != Shake::Over;
        let count = bytes.len();
        if self.transfer.as_ref().is_some_and(shaking) {
            self.upload.push(bytes);
            if self.upload.first().is_some_and(|first| !TlsChannel::may_begin(first)) {
                host.abort_data();
                self.handshake_failed(|[not_tls, _]| not_tls, server, host);
            } else {
                self.shake_hands(server, host);
            }
        } else if self.receiving() {
            self.upload.push(bytes);
            self.bytes_moved(count, server, host);
        } else if self.transfer.is_none() && matches!(self.plan, DataPlan::Accepted { .. }) {
            self.upload.push(bytes);
        }
    }

    pub(super) fn data_closed(&mut self, server: &mut Server, host: &mut dyn Host) {
        if matches!(&self.transfer, Some(Transfer { stage: Stage::Moving, shake, .. }) if *shake != Shake::Over) {
            // The client has gone before the handshake was over.
            host.send_data(TlsChannel::alert());
            host.leave_data();
            self.handshake_failed(|[_, too_short]| too_short, server, host);
        } else if self.receiving() {
            if server.say().ends_upload_at_once {
                // The next data connection may be there before this one has ended.
                host.leave_data();
                self.end_upload(server, host);
            } else {
                if let Some(transfer) = &mut self.transfer {
                    transfer.stage = Stage::Closing;
                }
                host.set_timer(FtpTimer::DataProgress, server.linger());
                host.linger_data();
            }
        } else if let DataPlan::Accepted { closed, .. } = &mut self.plan {
            *closed = true;
        }
    }

    /// Ends the session, as measured with vsftpd and pure-ftpd, whose process exits when a handshake fails.
    fn handshake_failed(&mut self, why: fn([Text; 2]) -> Text, server: &mut Server, host: &mut dyn Host) {
        self.transfer = None;
        self.plan = DataPlan::None;
        for timer in [FtpTimer::DataConnect, FtpTimer::DataProgress] {
            host.cancel_timer(timer);
        }
        if let Some(texts) = server.say().no_handshake {
            self.tls = None;
            self.send(&why(texts).reply(), host);
        }
        self.close(server, host);
    }

    /// Our FIN is acknowledged: `close()` that lingers returns.
    pub(super) fn data_sent(&mut self, server: &mut Server, host: &mut dyn Host) {
        let closing = matches!(&self.transfer, Some(Transfer { stage: Stage::Closing, .. }));
        if closing && server.say().completion == Completion::OwnFinAcknowledged {
            host.release_data();
            self.data_ended(server, host);
        }
    }

    pub(super) fn data_done(&mut self, server: &mut Server, host: &mut dyn Host) {
        self.data_ended(server, host);
    }

    /// The program has done with a data connection that it closed.
    fn data_ended(&mut self, server: &mut Server, host: &mut dyn Host) {
        match &self.transfer {
            Some(Transfer { stage: Stage::Closing, job: Job::Send { .. }, .. }) => self.complete(server, host),
            Some(Transfer { stage: Stage::Closing, job: Job::Receive { .. }, .. }) => self.end_upload(server, host),
            _ => {}
        }
    }

    fn end_upload(&mut self, server: &mut Server, host: &mut dyn Host) {
        let len = self.store(server);
        let say = server.say();
        let done = say.store_done_ascii.filter(|_| !self.binary).unwrap_or(say.transfer_done);
        self.finish(&transfer_done(done, len), server, host);
    }

    pub(super) fn data_failed(&mut self, error: DataError, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        match &self.transfer {
            Some(Transfer { stage: Stage::Connecting, .. }) => {
                let reply = self.not_connected(error, server);
                self.finish(&reply, server, host);
            }
            Some(Transfer { stage: Stage::Moving | Stage::Closing, job: Job::Send { .. }, .. }) => {
                self.finish(&say.write_failed.reply(), server, host);
            }
            Some(Transfer { stage: Stage::Moving | Stage::Closing, job: Job::Receive { .. }, .. }) => {
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
                self.plan = DataPlan::None;
                self.finish(&server.say().nobody_came.reply(), server, host);
            }
            Some(Stage::Moving | Stage::Closing) | None => {}
        }
    }

    /// Puts what was received into its file; how many bytes that is.
    fn store(&mut self, server: &mut Server) -> usize {
        let Some(Transfer { job: Job::Receive { path, place }, .. }) = &self.transfer else { return 0 };
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
        let before = server.files.read(path).cloned().unwrap_or_default();
        match *place {
            Place::Whole => {}
            Place::End => body = [before.as_ref(), body.as_ref()].concat().into(),
            Place::At(at) => body = overwritten(&before, at, &body),
        }
        // Somebody else may have put a directory there meanwhile; then the bytes are lost.
        server.files.write(path, body);
        len
    }

    /// The last reply of a transfer; then the commands that waited.
    fn finish(&mut self, reply: &Reply, server: &mut Server, host: &mut dyn Host) {
        self.plan = self.plan_after(server);
        self.transfer = None;
        self.upload = Vec::new();
        host.cancel_timer(FtpTimer::DataConnect);
        host.cancel_timer(FtpTimer::Pace);
        host.cancel_timer(FtpTimer::DataProgress);
        self.send(reply, host);
        host.set_timer(FtpTimer::Idle, server.idle_timeout());
        self.read_commands(server, host);
    }

    /// What is left of the arrangement after a transfer.
    fn plan_after(&self, server: &Server) -> DataPlan {
        let say = server.say();
        match self.plan {
            DataPlan::Active(to) if say.active_stays => DataPlan::Active(to),
            DataPlan::Listening | DataPlan::Accepted { .. } if say.passive_stays => DataPlan::Listening,
            _ => DataPlan::None,
        }
    }

    /// Forgets the arrangement and whatever came of it, as a new PORT or PASV and the session's end do.
    pub(super) fn drop_data(&mut self, host: &mut dyn Host) {
        match (&self.transfer, self.plan) {
            (Some(Transfer { stage: Stage::Connecting | Stage::Moving | Stage::Closing, .. }), _)
            | (_, DataPlan::Accepted { .. }) => {
                host.abort_data();
            }
            _ => {}
        }
        if matches!(self.plan, DataPlan::Listening | DataPlan::Accepted { .. } | DataPlan::Broken) {
            host.stop_listening();
        }
        if self.transfer.take().is_some() {
            host.cancel_timer(FtpTimer::Pace);
            host.cancel_timer(FtpTimer::DataConnect);
            host.cancel_timer(FtpTimer::DataProgress);
        }
        self.plan = DataPlan::None;
        self.upload = Vec::new();
    }
}

/// What is said of a transfer that was given up after so long (pure-ftpd's `displayrate`).
fn stalled_reply(text: Text, after: Duration, bytes: u64) -> Reply {
    let millis = after.as_nanos() / 1_000_000;
    let hundredths = u128::from(bytes) * 100_000 / u128::from(millis.max(1));
    let (divisor, unit) = match hundredths {
        0..=102_399 => (1, "bytes"),
        102_400..=104_857_599 => (1024, "Kbytes"),
        _ => (1_048_576, "Mbytes"),
    };
    let hundredths = hundredths / divisor;
    let rate = format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100);
    let seconds = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.fill(&[("seconds", &seconds), ("rate", &rate)], &[])
}
