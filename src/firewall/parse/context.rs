//! What the conditions of a rule have said of the packet so far: its address family and its transport protocol.
//!
//! nft keeps the same account while it reads a rule (its "protocol context"). A condition that fits no packet together
//! with an earlier one is refused, a port needs a protocol, and the account decides what `reject` and NAT mean.

use super::RuleError;
use super::cursor::{Step, error};
use crate::firewall::Family;
use crate::message::{Phrase, say};
use std::ops::Range;

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;
/// The protocols that nft 1.0.6 knows headers of; any other that `meta l4proto` names is "unknown" to it.
const WITH_HEADERS: [u8; 11] = [ICMP, 2, TCP, UDP, 33, 50, 51, ICMPV6, 108, 132, 136];

/// The account.
#[derive(Debug, Default)]
pub(super) struct Context {
    family: Option<Family>,
    /// `meta nfproto` was compared with something that is neither IPv4 nor IPv6.
    neither: bool,
    /// Every protocol that was named, the last one last; `None` is one that nft knows nothing about.
    transports: Vec<Option<u8>>,
}

impl Context {
    /// The address family, where the rule has said it.
    pub(super) const fn family(&self) -> Option<Family> {
        self.family
    }

    /// Whether the rule has said which transport protocol it is about.
    pub(super) fn says_protocol(&self) -> bool {
        !self.transports.is_empty()
    }

    /// A field of the IP header is looked at.
    pub(super) fn look_at_network(&mut self, family: Family, span: &Range<usize>) -> Step<()> {
        self.fits(family, span)?;
        self.family = Some(family);
        Ok(())
    }

    /// The family of a tracked connection's address is looked at: it must fit, but says nothing of the packet.
    pub(super) fn fits(&self, family: Family, span: &Range<usize>) -> Step<()> {
        match self.family {
            _ if self.neither => Err(contradiction(span, name(family), say!("another family"))),
            Some(known) if known != family => Err(contradiction(span, name(family), name(known))),
            _ => Ok(()),
        }
    }

    /// A field of a transport protocol's header is looked at.
    pub(super) fn look_at_transport(&mut self, protocol: u8, span: &Range<usize>) -> Step<()> {
        if let Some(known) = self.transports.iter().find(|known| **known != Some(protocol)) {
            let known = known.map_or(say!("another protocol"), transport);
            return Err(contradiction(span, transport(protocol), known));
        }
        if self.transports.is_empty() {
            // Messages of ICMP are of one family. Where the rule has named the other it is taken, and matches nothing.
            if self.family.is_none() {
                self.family = match protocol {
                    ICMP => Some(Family::V4),
                    ICMPV6 => Some(Family::V6),
                    _ => None,
                };
            }
            self.transports.push(Some(protocol));
        }
        Ok(())
    }

    /// `meta nfproto` was compared with these numbers, and must equal one of them.
    pub(super) fn families_named(&mut self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers {
            self.family = match number {
                2 => Some(Family::V4),
                10 => Some(Family::V6),
                _ => None,
            };
            self.neither = self.family.is_none();
        }
    }

    /// `meta l4proto` was compared with these numbers, and must equal one of them.
    pub(super) fn protocols_named(&mut self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers {
            self.add(Some(number).filter(|number| WITH_HEADERS.contains(number)));
        }
    }

    /// `ip protocol` or `ip6 nexthdr` was compared with these numbers: those that nft knows no header of say nothing.
    pub(super) fn protocols_in_header(&mut self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers.into_iter().filter(|number| WITH_HEADERS.contains(number)) {
            self.add(Some(number));
        }
    }

    fn add(&mut self, protocol: Option<u8>) {
        self.transports.retain(|known| *known != protocol);
        self.transports.push(protocol);
    }

    /// `reject with tcp reset`: whether the rule is about TCP already. It may say nothing, but nothing else.
    pub(super) fn resets(&self, span: &Range<usize>) -> Step<bool> {
        match self.transports.last() {
            None => Ok(false),
            Some(Some(TCP)) => Ok(true),
            Some(other) => {
                let other = other.map_or(say!("another protocol"), transport);
                Err(error(span, say!("only TCP has resets, and this rule is about {}", other), say!("write `reject`")))
            }
        }
    }
}

fn contradiction(span: &Range<usize>, new: Phrase, known: Phrase) -> RuleError {
    let message = say!("this asks for {}, but the rule is about {}: no packet is both", new, known);
    error(span, message, say!("write two rules, one for each"))
}

const fn name(family: Family) -> Phrase {
    match family {
        Family::V4 => say!("IPv4"),
        Family::V6 => say!("IPv6"),
    }
}

const fn transport(protocol: u8) -> Phrase {
    match protocol {
        ICMP => say!("ICMP"),
        TCP => say!("TCP"),
        UDP => say!("UDP"),
        ICMPV6 => say!("ICMPv6"),
        _ => say!("another protocol"),
    }
}
