//! Nodes, ports and packets as they stand inside sentences.

use super::packet_label::{control_line, flags_label, icmp_reason};
use super::{Arg, Id, Messages, channel_name};
use crate::ids::{FrameId, NodeId};
use crate::packet::{Body, Channel, Endpoint, Flags, Packet, Tag};
use crate::text::visible;
use crate::trace::{PortName, Trace};
use std::net::IpAddr;

/// Who tells: in one language, of one trace, as it was known at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller<'a> {
    pub(super) messages: &'a Messages,
    pub(super) trace: &'a Trace,
    pub(super) at: FrameId,
}

impl Teller<'_> {
    pub(super) fn say(&self, id: Id, args: &[Arg<'_>]) -> String {
        self.messages.format(id, args)
    }

    pub(super) fn node(&self, node: NodeId) -> String {
        visible(self.trace.node_name(node))
    }

    /// The node that has an address, or the address.
    pub(super) fn host(&self, address: IpAddr) -> String {
        self.trace.owner(address).map_or_else(|| address.to_string(), |node| self.node(node))
    }

    pub(super) fn port_name(&self, endpoint: Endpoint) -> Option<PortName> {
        self.trace.port_name(endpoint, self.at)
    }

    fn named(&self, what: String, name: Option<PortName>) -> String {
        match name {
            Some(name) => self.say(Id::Named, &[("what", &what), ("name", name.name())]),
            None => what,
        }
    }

    /// `192.168.1.10:50121 (BB)`
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> String {
        self.named(endpoint.to_string(), self.port_name(endpoint))
    }

    /// `50121 (BB)`
    pub(super) fn port(&self, endpoint: Endpoint) -> String {
        self.named(endpoint.port.to_string(), self.port_name(endpoint))
    }

    /// `door BB (port 50121)`
    pub(super) fn door(&self, endpoint: Endpoint) -> String {
        let port = endpoint.port.to_string();
        match self.port_name(endpoint) {
            Some(name) => self.say(Id::DoorNamed, &[("name", name.name()), ("port", &port)]),
            None => self.say(Id::DoorPort, &[("port", &port)]),
        }
    }

    /// `control connection`
    pub(super) fn connection(&self, tag: Option<Tag>) -> String {
        channel_name(self.messages, tag.map(|tag| tag.channel))
    }

    /// What a packet is: `the SYN`.
    fn thing(&self, packet: &Packet) -> String {
        match &packet.body {
            Body::Icmp(icmp) => {
                let (from, to) = icmp.about();
                let args = [
                    ("reason", icmp_reason(icmp)),
                    ("about_from", &self.endpoint(from)),
                    ("about_to", &self.endpoint(to)),
                ];
                self.say(Id::ThingIcmp, &args)
            }
            Body::Tcp(segment) if segment.payload.is_empty() => {
                self.say(Id::ThingFlags, &[("flags", &flags_label(segment.flags))])
            }
            Body::Tcp(segment) if is_control(packet) => {
                self.say(Id::ThingLine, &[("line", &control_line(&segment.payload))])
            }
            Body::Tcp(segment) => self.say(Id::ThingData, &[("bytes", &segment.payload.len().to_string())]),
        }
    }

    /// `the SYN from 203.0.113.5:20 to 192.168.1.10:50121 (BB)`
    pub(super) fn packet(&self, packet: &Packet) -> String {
        let (from, to) = if packet.tcp().is_some() {
            (self.endpoint(packet.source()), self.endpoint(packet.destination()))
        } else {
            (packet.src.to_string(), packet.dst.to_string())
        };
        self.say(Id::Packet, &[("thing", &self.thing(packet)), ("from", &from), ("to", &to)])
    }

    /// Who a node is in its session: `the server`, or with its own name where that is another.
    pub(super) fn role(&self, node: NodeId, tag: Option<Tag>) -> String {
        let name = self.node(node);
        let Some(id) = tag.map(|tag| tag.session) else { return name };
        let Some(session) = self.trace.sessions.get(id.index()) else { return name };
        let (plain, with_name, id) = if session.client == node {
            ("client", Id::RoleClientNamed, Id::RoleClient)
        } else if self.trace.server(id, self.at) == Some(node) {
            ("server", Id::RoleServerNamed, Id::RoleServer)
        } else {
            return name;
        };
        if name == plain { self.say(id, &[]) } else { self.say(with_name, &[("name", &name)]) }
    }

    /// Who an address is in a session, or the address.
    pub(super) fn role_of(&self, address: IpAddr, tag: Option<Tag>) -> String {
        self.trace.owner(address).map_or_else(|| address.to_string(), |node| self.role(node, tag))
    }

    /// With a full stop, unless it ends a sentence as it is.
    pub(super) fn full_stop(&self, line: String) -> String {
        if line.ends_with(['.', '!', '?', '。', '！', '？']) {
            line
        } else {
            self.say(Id::FullStop, &[("line", &line)])
        }
    }
}

/// Whether a packet carries FTP's lines.
pub(super) fn is_control(packet: &Packet) -> bool {
    packet.tag.is_some_and(|tag| tag.channel == Channel::Control)
}

/// Whether a packet is a SYN-ACK.
pub(super) fn is_syn_ack(packet: &Packet) -> bool {
    packet.tcp().is_some_and(|segment| segment.flags.contains(Flags::SYN.with(Flags::ACK)))
}
