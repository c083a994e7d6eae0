//! Network address translation on top of connection tracking (`nf_nat`).
//!
//! Only the first packet of a connection is shown to the NAT rules; what they decide is kept as the reply tuple of its
//! entry, and every later packet is rewritten from that: the destination at prerouting (and output), the source at
//! postrouting (and input). ICMP errors are rewritten outside and inside.

use super::conntrack::{Conntrack, Tracked, Tuple};
use super::rule::NatTarget;
use crate::packet::{Body, Endpoint, Icmp, Packet};
use std::net::IpAddr;

/// Which half of a packet is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The destination: at prerouting and output.
    Destination,
    /// The source: at postrouting and input.
    Source,
}

/// Rewrites one half of a packet as its connection says. Whether anything changed.
pub fn translate(packet: &mut Packet, tracked: &Tracked, half: Half) -> bool {
    let Some(target) = tracked.target() else { return false };
    match &mut packet.body {
        Body::Tcp(segment) => {
            let (ip, port, to) = match half {
                Half::Destination => (&mut packet.dst, &mut segment.dst_port, target.to),
                Half::Source => (&mut packet.src, &mut segment.src_port, target.from),
            };
            let changed = *ip != to.ip || *port != to.port;
            (*ip, *port) = (to.ip, to.port);
            changed
        }
        // The quoted packet goes the other way: what is the error's destination is its source.
        Body::Icmp(icmp) => {
            let (Icmp::Unreachable { quoted, .. } | Icmp::TimeExceeded { quoted } | Icmp::TooBig { quoted, .. }) =
                &mut **icmp;
            let (inner, outer, to) = match half {
                Half::Destination => (quoted.source(), &mut packet.dst, target.to),
                Half::Source => (quoted.destination(), &mut packet.src, target.from),
            };
            if inner == to {
                return false;
            }
            *outer = to.ip;
            set_endpoint(quoted, half == Half::Destination, to);
            true
        }
    }
}

fn set_endpoint(packet: &mut Packet, source: bool, to: Endpoint) {
    if source {
        packet.src = to.ip;
    } else {
        packet.dst = to.ip;
    }
    if let Body::Tcp(segment) = &mut packet.body {
        if source {
            segment.src_port = to.port;
        } else {
            segment.dst_port = to.port;
        }
    }
}

impl Conntrack {
    /// A NAT rule matched the first packet of a connection: its reply tuple is fixed accordingly.
    ///
    /// `own` is the address for masquerade and redirect; `random` gives numbers below a bound.
    pub fn assign(
        &self,
        tracked: &mut Tracked,
        target: &NatTarget,
        own: Option<IpAddr>,
        random: impl FnMut(u32) -> u32,
    ) {
        let Some((original, mut reply)) = tracked.tuples() else { return };
        match *target {
            NatTarget::Destination { address, ports } => {
                reply.from.ip = address;
                if let Some((low, _)) = ports {
                    reply.from.port = low;
                }
                tracked.set_reply(reply, Half::Destination);
            }
            NatTarget::Redirect { ports } => {
                if let Some(own) = own {
                    reply.from.ip = own;
                }
                if let Some((low, _)) = ports {
                    reply.from.port = low;
                }
                tracked.set_reply(reply, Half::Destination);
            }
            NatTarget::Source { address, ports } => {
                reply.to.ip = address;
                reply = self.free_reply(original, reply, ports, false, random);
                tracked.set_reply(reply, Half::Source);
            }
            NatTarget::Masquerade { ports, random: shuffled } => {
                let Some(own) = own else { return };
                reply.to.ip = own;
                reply = self.free_reply(original, reply, ports, shuffled, random);
                tracked.set_reply(reply, Half::Source);
            }
        }
    }

    /// No rule translates the source, but NAT is at work: two connections must not look alike to the outside.
    pub fn keep_apart(&self, tracked: &mut Tracked, random: impl FnMut(u32) -> u32) {
        let Some((original, reply)) = tracked.tuples() else { return };
        if self.is_used(reply) {
            tracked.set_reply(self.free_reply(original, reply, None, false, random), Half::Source);
        }
    }

    /// The source port stays as it is if the tuple is free (`nf_nat_used_tuple`); else another of its class is taken,
    /// from a random place on (`nf_nat_l4proto_unique_tuple`).
    pub(super) fn free_reply(
        &self,
        original: Tuple,
        mut reply: Tuple,
        ports: Option<(u16, u16)>,
        shuffled: bool,
        mut random: impl FnMut(u32) -> u32,
    ) -> Tuple {
        let port = original.from.port;
        let (low, high) = ports.unwrap_or(match port {
            0..=511 => (1, 511),
            512..=1023 => (600, 1023),
            _ => (1024, u16::MAX),
        });
        reply.to.port = port;
        let allowed = ports.is_none() || (low..=high).contains(&port);
        if allowed && !shuffled && !self.is_used(reply) {
            return reply;
        }
        let count = u32::from(high.saturating_sub(low)) + 1;
        let first = random(count);
        for i in 0..count {
            reply.to.port = low + ((first + i) % count) as u16;
            if !self.is_used(reply) {
                break;
            }
        }
        reply
    }
}
