//! Network address translation on top of connection tracking (`nf_nat`).
//!
//! Only the first packet of a connection is shown to the NAT rules; what they decide is kept as the reply tuple of its
//! entry, and every later packet is rewritten from that: the destination at prerouting (and output), the source at
//! postrouting (and input). ICMP errors are rewritten outside and inside.

use super::conntrack::{Conntrack, Tracked, Tuple};
use super::ct::Half;
use super::rule::NatTarget;
use crate::packet::{Body, Endpoint, Icmp, Packet};
use crate::time::Instant;
use std::net::IpAddr;

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

/// What a NAT rule asks for: an address, ports to choose from, and how.
#[derive(Clone, Copy, Debug)]
struct Range {
    address: IpAddr,
    ports: Option<(u16, u16)>,
    random: bool,
}

impl Range {
    fn holds(&self, endpoint: Endpoint) -> bool {
        endpoint.ip == self.address && self.ports.is_none_or(|(low, high)| (low..=high).contains(&endpoint.port))
    }
}

/// After so many ports in a row another place is tried (`NF_NAT_MAX_ATTEMPTS`).
const MOST_ATTEMPTS: u32 = 128;
/// With so many attempts left, a port is also taken from a connection that is over (`NF_NAT_HARDER_THRESH`).
const LAST_ATTEMPTS: u32 = MOST_ATTEMPTS / 4;

impl Conntrack {
    /// A NAT rule matched the first packet of a connection: its reply tuple is fixed accordingly.
    ///
    /// `own` is the address for masquerade and redirect; `random` gives numbers below a bound.
    pub fn assign(
        &mut self,
        now: Instant,
        tracked: &mut Tracked,
        target: &NatTarget,
        own: Option<IpAddr>,
        random: impl FnMut(u32) -> u32,
    ) {
        let half = if target.is_source() { Half::Source } else { Half::Destination };
        // A rule that names only a port leaves the address as it is.
        let kept = tracked.tuples().map(|(_, reply)| if half == Half::Source { reply.to.ip } else { reply.from.ip });
        let address = match target {
            NatTarget::Source { address, .. } | NatTarget::Destination { address, .. } => address.or(kept),
            NatTarget::Masquerade { .. } | NatTarget::Redirect { .. } => own,
        };
        let Some(address) = address else { return };
        let range = Range { address, ports: target.ports(), random: target.is_random() };
        self.settle(now, tracked, range, half, random);
    }

    /// No rule translates this half, but NAT is at work: two connections must not look alike to the outside
    /// (`nf_nat_alloc_null_binding`).
    pub fn keep_apart(&mut self, now: Instant, tracked: &mut Tracked, half: Half, random: impl FnMut(u32) -> u32) {
        let Some((_, reply)) = tracked.tuples() else { return };
        let address = match half {
            Half::Destination => reply.from.ip,
            Half::Source => reply.to.ip,
        };
        self.settle(now, tracked, Range { address, ports: None, random: false }, half, random);
    }

    /// Finds what one half of a connection becomes (`get_unique_tuple`).
    fn settle(
        &mut self,
        now: Instant,
        tracked: &mut Tracked,
        range: Range,
        half: Half,
        random: impl FnMut(u32) -> u32,
    ) {
        let Some((original, reply)) = tracked.tuples() else { return };
        if half == Half::Source && !range.random {
            let kept = if range.holds(reply.to) {
                Some(reply)
            } else {
                // Where this source is known by another name already, it keeps that.
                let known = self.replies_from(now, original.from).map(|known| known.to).find(|to| range.holds(*to));
                known.map(|to| Tuple { to, ..reply })
            };
            if let Some(kept) = kept.filter(|kept| !self.is_used(now, *kept)) {
                return tracked.set_reply(kept, half);
            }
        }
        let mut found = reply;
        match half {
            Half::Destination => found.from.ip = range.address,
            Half::Source => found.to.ip = range.address,
        }
        let found = self.with_port(now, tracked, found, range, half, random);
        tracked.set_reply(found, half);
    }

    /// The same with a port that is allowed and makes the connection unique, if there is one.
    fn with_port(
        &mut self,
        now: Instant,
        tracked: &Tracked,
        mut reply: Tuple,
        range: Range,
        half: Half,
        mut random: impl FnMut(u32) -> u32,
    ) -> Tuple {
        let port = match half {
            Half::Destination => reply.from.port,
            Half::Source => reply.to.port,
        };
        let fits = range.ports.is_none_or(|(low, high)| (low..=high).contains(&port));
        let only = range.ports.is_some_and(|(low, high)| low == high);
        if !range.random && fits && (only || !self.is_used(now, reply)) {
            return reply;
        }
        let (low, high) = match (range.ports, half) {
            (Some(ports), _) => ports,
            // A destination port changes only if the rule says so.
            (None, Half::Destination) => return reply,
            (None, Half::Source) => match port {
                0..=511 => (1, 511),
                512..=1023 => (600, 1023),
                _ => (1024, u16::MAX),
            },
        };
        let count = u32::from(high.saturating_sub(low)) + 1;
        let draws = range.random || half == Half::Source;
        let mut offset = if draws { random(1 << 16) } else { 0 };
        let mut attempts = count.min(MOST_ATTEMPTS);
        loop {
            for left in (1..=attempts).rev() {
                let port = low + (offset % count) as u16;
                match half {
                    Half::Destination => reply.from.port = port,
                    Half::Source => reply.to.port = port,
                }
                let free =
                    if left > LAST_ATTEMPTS { !self.is_used(now, reply) } else { self.takes_over(now, reply, tracked) };
                if free {
                    return reply;
                }
                offset += 1;
            }
            if attempts >= count || attempts < 16 {
                return reply;
            }
            attempts /= 2;
            offset = random(1 << 16);
        }
    }
}
