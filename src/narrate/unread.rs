//! Why a captured frame was not read.

use super::{Id, Messages};
use crate::packet::wire::{Layer, Unread};

/// What protocols are called everywhere, by Ethernet type, by PPP's and by IP's numbers.
const ETHERNET: [(u16, &str); 9] = [
    (0x0806, "ARP"),
    (0x8035, "RARP"),
    (0x8137, "IPX"),
    (0x8863, "PPPoE discovery"),
    (0x888e, "EAPOL"),
    (0x88cc, "LLDP"),
    (0x88e5, "MACsec"),
    (0x88f7, "PTP"),
    (0x9000, "Ethernet loopback"),
];
const PPP: [(u16, &str); 7] = [
    (0x8021, "IPCP"),
    (0x8057, "IPv6CP"),
    (0x80fd, "CCP"),
    (0xc021, "LCP"),
    (0xc023, "PAP"),
    (0xc025, "LQR"),
    (0xc223, "CHAP"),
];
const IP: [(u8, &str); 12] = [
    (2, "IGMP"),
    (4, "IPv4 in IP"),
    (17, "UDP"),
    (33, "DCCP"),
    (41, "IPv6 in IP"),
    (47, "GRE"),
    (50, "ESP"),
    (89, "OSPF"),
    (103, "PIM"),
    (112, "VRRP"),
    (132, "SCTP"),
    (136, "UDP-Lite"),
];
const LLC: [(u8, &str); 3] = [(0x42, "STP"), (0xe0, "IPX"), (0xfe, "IS-IS")];

/// A few words that fit behind a number of frames: `ARP`, `cut before the end of the TCP header`.
pub fn unread_reason(messages: &Messages, why: Unread) -> String {
    let numbered = |id, number: String| messages.format(id, &[("number", &number)]);
    match why {
        Unread::LinkType(number) => numbered(Id::UnreadLinkType, number.to_string()),
        Unread::EtherType(number) => {
            called(&ETHERNET, number).unwrap_or_else(|| numbered(Id::UnreadEtherType, format!("{number:#06x}")))
        }
        Unread::Llc(number) => {
            called(&LLC, number).unwrap_or_else(|| numbered(Id::UnreadLlc, format!("{number:#04x}")))
        }
        Unread::Ppp(number) => {
            called(&PPP, number).unwrap_or_else(|| numbered(Id::UnreadPpp, format!("{number:#06x}")))
        }
        Unread::AddressFamily(number) => numbered(Id::UnreadFamily, number.to_string()),
        Unread::Protocol(number) => {
            called(&IP, number).unwrap_or_else(|| numbered(Id::UnreadProtocol, number.to_string()))
        }
        Unread::Icmp => messages.text(Id::UnreadIcmp),
        Unread::Fragment => messages.text(Id::UnreadFragment),
        Unread::NoInterface => messages.text(Id::UnreadNoInterface),
        Unread::Cut(layer) => messages.format(Id::UnreadCut, &[("header", &header(messages, layer))]),
        Unread::Malformed(layer) => messages.format(Id::UnreadMalformed, &[("header", &header(messages, layer))]),
    }
}

fn called<N: Copy + PartialEq>(names: &[(N, &str)], number: N) -> Option<String> {
    names.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned())
}

fn header(messages: &Messages, layer: Layer) -> String {
    match layer {
        Layer::Link => messages.text(Id::UnreadLinkHeader),
        Layer::Ip => String::from("IP"),
        Layer::Tcp => String::from("TCP"),
        Layer::Icmp => String::from("ICMP"),
    }
}
