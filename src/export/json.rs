//! The trace as NDJSON: a header, then one frame a line. The contract is in docs/trace.md.

use crate::firewall::{RejectWith, Verdict};
use crate::ftp::CommandResult;
use crate::ids::SessionId;
use crate::packet::{Body, Icmp, Packet};
use crate::text::is_hidden;
use crate::trace::{Event, Frame, NodeInfo, RuleInfo, Side, SocketAction, Timer, Trace};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::ser::Formatter;
use std::io;

/// The version of the format; fields are only ever added.
const VERSION: u32 = 1;

/// Writes the trace.
pub fn write_json(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    write_line(&Header(trace), out)?;
    for (id, frame) in trace.ids().zip(&trace.frames) {
        write_line(&Row { trace, number: id.number(), frame }, out)?;
    }
    Ok(())
}

fn write_line(row: &impl Serialize, out: &mut impl io::Write) -> io::Result<()> {
    row.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping))?;
    writeln!(out)
}

/// JSON escapes C0 by itself (RFC 8259, section 7). The other hidden characters, which are allowed in it, are escaped in the
/// same way: it means the same, and is safe to look at.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = fragment;
        while let Some((at, c)) = plain.char_indices().find(|(_, c)| is_hidden(*c)) {
            out.write_all(&plain.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = &plain[at + c.len_utf8()..];
        }
        out.write_all(plain.as_bytes())
    }
}

/// Serializes by a closure that fills a map: field order is ours, and fields depend on the event.
macro_rules! object {
    ($type:ty, |$self:ident, $map:ident| $body:block) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $self = self;
                let mut $map = serializer.serialize_map(None)?;
                $body
                $map.end()
            }
        }
    };
}

struct Header<'a>(&'a Trace);
struct NodeRow<'a>(&'a NodeInfo);
struct RuleRow<'a>(&'a Trace, &'a RuleInfo);
struct SessionRow<'a>(&'a Trace, SessionId);
struct LinkRow<'a>(&'a Trace, [crate::ids::NodeId; 2]);
struct Row<'a> {
    trace: &'a Trace,
    number: u32,
    frame: &'a Frame,
}
struct PacketRow<'a>(&'a Packet);

object!(Header<'_>, |this, map| {
    let trace = this.0;
    map.serialize_entry("ftpscope", &VERSION)?;
    map.serialize_entry("title", &trace.title)?;
    map.serialize_entry("seed", &trace.seed)?;
    map.serialize_entry("nodes", &trace.nodes.iter().map(NodeRow).collect::<Vec<_>>())?;
    map.serialize_entry("links", &trace.links.iter().map(|link| LinkRow(trace, link.ends)).collect::<Vec<_>>())?;
    map.serialize_entry(
        "sessions",
        &(0..trace.sessions.len() as u32).map(|id| SessionRow(trace, SessionId(id))).collect::<Vec<_>>(),
    )?;
    map.serialize_entry("rules", &trace.rules.iter().map(|rule| RuleRow(trace, rule)).collect::<Vec<_>>())?;
});

object!(NodeRow<'_>, |this, map| {
    map.serialize_entry("name", &this.0.name)?;
    map.serialize_entry("addresses", &this.0.addresses.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    map.serialize_entry("firewall", &this.0.has_firewall)?;
    map.serialize_entry("forwards", &this.0.forwards)?;
    map.serialize_entry("down", &this.0.down)?;
});

object!(LinkRow<'_>, |this, map| {
    map.serialize_entry("ends", &this.1.map(|node| this.0.node_name(node)))?;
});

object!(SessionRow<'_>, |this, map| {
    let session = &this.0.sessions[this.1.index()];
    map.serialize_entry("client", this.0.node_name(session.client))?;
    map.serialize_entry("server", &this.0.first_server(this.1).map(|node| this.0.node_name(node)))?;
    map.serialize_entry("mode", session.mode.name())?;
});

object!(RuleRow<'_>, |this, map| {
    map.serialize_entry("node", this.0.node_name(this.1.node))?;
    map.serialize_entry("hook", this.1.hook.name())?;
    map.serialize_entry("text", &this.1.text)?;
    map.serialize_entry("line", &this.1.line)?;
});

object!(Row<'_>, |this, map| {
    let Row { trace, number, frame } = this;
    map.serialize_entry("frame", number)?;
    map.serialize_entry("t_ns", &frame.at.as_nanos())?;
    map.serialize_entry("cause", &frame.cause.map(|cause| cause.number()))?;
    map.serialize_entry("node", trace.node_name(frame.node))?;
    map.serialize_entry("event", event_name(&frame.event))?;
    if let Some(tag) = frame.tag {
        map.serialize_entry("channel", tag.channel.name())?;
        if let Some(connection) = tag.connection {
            map.serialize_entry("connection", &connection.0)?;
        }
        map.serialize_entry("session", &tag.session.0)?;
    }
    if let Some(packet) = trace.packet_of(frame) {
        map.serialize_entry("packet", &PacketRow(packet))?;
    }
    serialize_event(trace, &frame.event, &mut map)?;
});

object!(PacketRow<'_>, |this, map| {
    let packet = this.0;
    map.serialize_entry("id", &packet.id.0)?;
    match &packet.body {
        Body::Tcp(segment) => {
            map.serialize_entry("src", &packet.source().to_string())?;
            map.serialize_entry("dst", &packet.destination().to_string())?;
            map.serialize_entry("proto", "tcp")?;
            map.serialize_entry("flags", &segment.flags.to_string())?;
            map.serialize_entry("seq", &segment.seq.0)?;
            map.serialize_entry("ack", &segment.ack.0)?;
            map.serialize_entry("win", &segment.window)?;
            if let Some(mss) = segment.mss {
                map.serialize_entry("mss", &mss)?;
            }
            if let Some(shift) = segment.window_scale {
                map.serialize_entry("wscale", &shift)?;
            }
            if let Some(timestamps) = segment.timestamps {
                map.serialize_entry("ts_val", &timestamps.value)?;
                map.serialize_entry("ts_ecr", &timestamps.echo)?;
            }
            if segment.sack_permitted {
                map.serialize_entry("sack_ok", &true)?;
            }
            if !segment.sack.is_empty() {
                let blocks: Vec<_> = segment.sack.iter().map(|(from, to)| [from.0, to.0]).collect();
                map.serialize_entry("sack", &blocks)?;
            }
            map.serialize_entry("len", &segment.payload.len())?;
        }
        Body::Icmp(icmp) => {
            map.serialize_entry("src", &packet.src.to_string())?;
            map.serialize_entry("dst", &packet.dst.to_string())?;
            map.serialize_entry("proto", if packet.src.is_ipv4() { "icmp" } else { "icmpv6" })?;
            map.serialize_entry("icmp", icmp.name())?;
            if let Icmp::TooBig { mtu, .. } = **icmp {
                map.serialize_entry("mtu", &mtu)?;
            }
            let (from, to) = icmp.about();
            map.serialize_entry("about", &[from.to_string(), to.to_string()])?;
        }
    }
    map.serialize_entry("ttl", &packet.ttl)?;
});

const fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Sent { .. } => "sent",
        Event::Received { .. } => "received",
        Event::Lost { .. } => "lost",
        Event::Verdict { .. } => "verdict",
        Event::Translated { .. } => "translated",
        Event::Expectation { .. } => "expectation",
        Event::Conntrack { .. } => "conntrack",
        Event::Socket { .. } => "socket",
        Event::TcpState { .. } => "tcp_state",
        Event::Timer { .. } => "timer",
        Event::FtpCommand { .. } => "ftp_command",
        Event::FtpReply { .. } => "ftp_reply",
        Event::Transfer { .. } => "transfer",
        Event::Command { .. } => "step",
    }
}

fn serialize_event<M: SerializeMap>(trace: &Trace, event: &Event, map: &mut M) -> Result<(), M::Error> {
    match event {
        Event::Sent { to, arrives, .. } => {
            map.serialize_entry("to", trace.node_name(*to))?;
            map.serialize_entry("arrives_ns", &arrives.as_nanos())?;
        }
        Event::Received { link, .. } => map.serialize_entry("link", &link.0)?,
        Event::Lost { reason, .. } => map.serialize_entry("reason", reason.name())?,
        Event::Verdict { hook, ct_state, verdict, rule, passed, .. } => {
            map.serialize_entry("hook", hook.name())?;
            map.serialize_entry("ct_state", &ct_state.map(|state| state.name()))?;
            map.serialize_entry("verdict", verdict.name())?;
            if let Verdict::Reject(with) = verdict {
                map.serialize_entry("with", reject_name(*with))?;
            }
            let info = trace.rule(*rule);
            map.serialize_entry("rule", if info.is_policy { "policy" } else { &info.text })?;
            map.serialize_entry("line", &info.line)?;
            if !passed.is_empty() {
                map.serialize_entry("passed", &passed.iter().map(|rule| &trace.rule(*rule).text).collect::<Vec<_>>())?;
            }
        }
        Event::Translated { before, hook, rule, .. } => {
            map.serialize_entry("hook", hook.name())?;
            map.serialize_entry("before", &PacketRow(trace.packet(*before)))?;
            if let Some(rule) = rule {
                map.serialize_entry("rule", &trace.rule(*rule).text)?;
                map.serialize_entry("line", &trace.rule(*rule).line)?;
            }
        }
        Event::Expectation { action, from, to, door } => {
            map.serialize_entry("action", action.name())?;
            map.serialize_entry("from", &from.to_string())?;
            map.serialize_entry("to", &to.to_string())?;
            map.serialize_entry("door", &door.to_string())?;
        }
        Event::Conntrack { entry, from, to, reply, state, replied, assured } => {
            map.serialize_entry("entry", &entry.0)?;
            map.serialize_entry("from", &from.to_string())?;
            map.serialize_entry("to", &to.to_string())?;
            map.serialize_entry("reply", &[reply.0.to_string(), reply.1.to_string()])?;
            map.serialize_entry("state", &state.map(|state| state.name()))?;
            map.serialize_entry("replied", replied)?;
            map.serialize_entry("assured", assured)?;
        }
        Event::Socket { socket, action, local, remote, name } => {
            map.serialize_entry("socket", &socket.0)?;
            map.serialize_entry("action", action.name())?;
            map.serialize_entry("local", &local.to_string())?;
            if let Some(remote) = remote {
                map.serialize_entry("remote", &remote.to_string())?;
            }
            if let Some(name) = name {
                map.serialize_entry("port_name", name.name())?;
            }
            if let SocketAction::Failed(error) = action {
                map.serialize_entry("error", error.errno())?;
            }
        }
        Event::TcpState { socket, local, remote, from, to } => {
            map.serialize_entry("socket", &socket.0)?;
            map.serialize_entry("local", &local.to_string())?;
            map.serialize_entry("remote", &remote.to_string())?;
            map.serialize_entry("from", from.name())?;
            map.serialize_entry("to", to.name())?;
        }
        Event::Timer { timer, socket, attempt, after } => {
            map.serialize_entry("timer", timer_name(*timer))?;
            if let Some(socket) = socket {
                map.serialize_entry("socket", &socket.0)?;
            }
            map.serialize_entry("attempt", attempt)?;
            map.serialize_entry("after_ns", &after.as_nanos())?;
        }
        Event::FtpCommand { side, verb, argument } => {
            map.serialize_entry("side", side_name(*side))?;
            map.serialize_entry("verb", verb)?;
            map.serialize_entry("argument", argument)?;
        }
        Event::FtpReply { side, code, lines } => {
            map.serialize_entry("side", side_name(*side))?;
            map.serialize_entry("code", code)?;
            map.serialize_entry("text", &lines.join("\n"))?;
        }
        Event::Transfer { command, mode, result, bytes } => {
            map.serialize_entry("command", command)?;
            map.serialize_entry("mode", mode.name())?;
            map.serialize_entry("result", &result.map(result_name))?;
            map.serialize_entry("bytes", bytes)?;
        }
        Event::Command { index, run, result } => {
            map.serialize_entry("step", index)?;
            map.serialize_entry("run", run)?;
            map.serialize_entry("result", &result.map(result_name))?;
        }
    }
    Ok(())
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Sent => "sent",
        Side::Seen => "received",
    }
}

const fn timer_name(timer: Timer) -> &'static str {
    use crate::ftp::FtpTimer;
    match timer {
        Timer::Tcp(kind) => kind.name(),
        Timer::Ftp(FtpTimer::Idle) => "idle",
        Timer::Ftp(FtpTimer::DataConnect) => "data-connect",
        Timer::Ftp(FtpTimer::DataProgress) => "data-progress",
        Timer::Ftp(FtpTimer::ControlConnect) => "control-connect",
        Timer::Ftp(FtpTimer::Reply) => "reply",
        Timer::Ftp(FtpTimer::Retry) => "retry",
        Timer::Ftp(FtpTimer::Wait) => "wait",
        Timer::Ftp(FtpTimer::Pace) => "pace",
        Timer::Neighbour => "neighbour",
    }
}

const fn reject_name(with: RejectWith) -> &'static str {
    match with {
        RejectWith::TcpReset => "tcp reset",
        RejectWith::Icmp(reason) => reason.name(),
    }
}

/// `ok`, `reply 425`, `connect ETIMEDOUT`, `lost ECONNRESET`, `closed`, ...
fn result_name(result: CommandResult) -> String {
    match result {
        CommandResult::Ok => "ok".to_owned(),
        CommandResult::Reply(code) => format!("reply {code}"),
        CommandResult::Connect(error) => format!("connect {}", error.errno()),
        CommandResult::Lost(error) => format!("lost {}", error.errno()),
        CommandResult::Closed => "closed".to_owned(),
        CommandResult::NoAnswer => "no answer".to_owned(),
        CommandResult::BadReply => "bad reply".to_owned(),
        CommandResult::AddressMismatch => "address mismatch".to_owned(),
        CommandResult::Incomplete => "incomplete".to_owned(),
        CommandResult::NotRun => "not run".to_owned(),
    }
}
