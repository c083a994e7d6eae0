//! How FTP writes addresses: `h1,h2,h3,h4,p1,p2` of PORT and 227 (RFC 959, section 4.1.2), `|1|address|port|` of EPRT
//! and `(|||port|)` of 229 (RFC 2428, sections 2 and 3).
//!
//! It stands below `ftp` because a firewall's FTP helper writes such text too.
//!
//! All parsers are total: any text gives an address or none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

/// Writes the argument of PORT: 192.168.1.10:50123 is `192,168,1,10,195,203`.
pub fn format_host_port(address: SocketAddrV4) -> String {
    let [h1, h2, h3, h4] = address.ip().octets();
    let [p1, p2] = address.port().to_be_bytes();
    format!("{h1},{h2},{h3},{h4},{p1},{p2}")
}

/// Writes the argument of LPRT (RFC 1639): `4,4,192,168,1,10,2,195,203`; over IPv6 `6,16` and sixteen numbers.
pub fn format_long_port(address: SocketAddr) -> String {
    let (family, octets) = match address.ip() {
        IpAddr::V4(ip) => (4, ip.octets().to_vec()),
        IpAddr::V6(ip) => (6, ip.octets().to_vec()),
    };
    let [p1, p2] = address.port().to_be_bytes();
    let octets_text = octets.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    format!("{family},{},{octets_text},2,{p1},{p2}", octets.len())
}

/// Reads the argument of PORT: six numbers from 0 to 255 and nothing else but blanks around them.
pub fn parse_host_port(text: &str) -> Option<SocketAddrV4> {
    let (address, rest) = six_numbers(text.trim())?;
    rest.is_empty().then_some(address)
}

/// Finds the address in the text of a 227 reply. RFC 959 does not fix the words around the numbers, so clients look
/// for the first six numbers with commas between them (RFC 1123, section 4.1.2.6).
pub fn parse_pasv_reply(text: &str) -> Option<SocketAddrV4> {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit()
            && !before.is_ascii_digit()
            && let Some((address, rest)) = six_numbers(&text[at..])
            && !rest.starts_with(|c: char| c.is_ascii_digit())
        {
            return Some(address);
        }
        before = c;
    }
    None
}

/// As [`parse_pasv_reply`], and blanks may follow the commas: clients that read with `sscanf` (curl 7.88, lftp) take them,
/// so a capture may show them.
pub fn parse_pasv_reply_loosely(text: &str) -> Option<SocketAddrV4> {
    parse_pasv_reply(&text.replace(", ", ","))
}

/// Reads six numbers at the beginning of `text`; also gives what follows.
fn six_numbers(mut text: &str) -> Option<(SocketAddrV4, &str)> {
    let mut numbers = [0_u8; 6];
    for (index, number) in numbers.iter_mut().enumerate() {
        if index > 0 {
            text = text.strip_prefix(',')?;
        }
        let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
        *number = text[..digits].parse().ok()?;
        text = &text[digits..];
    }
    let [h1, h2, h3, h4, p1, p2] = numbers;
    Some((SocketAddrV4::new(Ipv4Addr::new(h1, h2, h3, h4), u16::from_be_bytes([p1, p2])), text))
}

/// Why an EPRT argument is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EprtError {
    /// It is not `|protocol|address|port|`.
    Syntax,
    /// The protocol is neither 1 (IPv4) nor 2 (IPv6).
    Protocol,
}

/// Writes the argument of EPRT: `|1|192.168.1.10|50123|` or `|2|2001:db8::10|50123|`.
pub fn format_eprt(address: SocketAddr) -> String {
    let protocol = if address.is_ipv4() { 1 } else { 2 };
    format!("|{protocol}|{}|{}|", address.ip(), address.port())
}

/// Reads the argument of EPRT. Any character from 33 to 126 may stand for the bar, as RFC 2428 allows.
pub fn parse_eprt(text: &str) -> Result<SocketAddr, EprtError> {
    let text = text.trim();
    let delimiter = text.chars().next().filter(char::is_ascii_graphic).ok_or(EprtError::Syntax)?;
    let mut fields = text[1..].split(delimiter);
    let mut next = || fields.next().ok_or(EprtError::Syntax);
    let (protocol, address, port, end) = (next()?, next()?, next()?, next()?);
    if !end.is_empty() || fields.next().is_some() {
        return Err(EprtError::Syntax);
    }
    let ip = match protocol {
        "1" => address.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "2" => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => return Err(EprtError::Protocol),
    };
    let ip = ip.ok_or(EprtError::Syntax)?;
    Ok(SocketAddr::new(ip, decimal(port).ok_or(EprtError::Syntax)?))
}

/// Writes the part of a 229 reply that clients read: `(|||50123|)`.
pub fn format_epsv_port(port: u16) -> String {
    format!("(|||{port}|)")
}

/// Finds the port in the text of a 229 reply. The fields for protocol and address must be empty.
pub fn parse_epsv_reply(text: &str) -> Option<u16> {
    let (_, inside) = text.split_once('(')?;
    let (inside, _) = inside.split_once(')')?;
    let delimiter = inside.chars().next().filter(char::is_ascii_graphic)?;
    let mut fields = inside.split(delimiter);
    let empty = |field: Option<&str>| field.is_some_and(str::is_empty);
    if !(empty(fields.next()) && empty(fields.next()) && empty(fields.next())) {
        return None;
    }
    let port = decimal(fields.next()?)?;
    (empty(fields.next()) && fields.next().is_none() && port != 0).then_some(port)
}

/// Digits only: `u16::from_str` would take `+21`.
fn decimal(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn port_arguments_are_read_strictly() {
        let address: SocketAddrV4 = "192.168.1.10:50123".parse().unwrap();
        assert_eq!(format_host_port(address), "192,168,1,10,195,203");
        assert_eq!(parse_host_port("192,168,1,10,195,203"), Some(address));
        for bad in ["", "1,2,3,4,5", "1,2,3,4,5,256", "1,2,3,4,5,6,7", "1,2,3,4,,6", "-1,2,3,4,5,6", "1, 2,3,4,5,6"] {
            assert_eq!(parse_host_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_six_numbers_of_227_are_found_in_any_words() {
        let address = Some("203.0.113.10:5001".parse().unwrap());
        for text in [
            "Entering Passive Mode (203,0,113,10,19,137).",
            "Entering Passive Mode. 203,0,113,10,19,137",
            "=203,0,113,10,19,137",
            "2 of 3: 203,0,113,10,19,137 é",
        ] {
            assert_eq!(parse_pasv_reply(text), address, "{text}");
        }
        assert_eq!(parse_pasv_reply("Entering Passive Mode (203,0,113,10,19,1370)"), None);
        assert_eq!(parse_pasv_reply("(203,0,113,300,19,1)"), None);
        let blanks = "227 Entering Passive Mode (203, 0, 113, 10, 19, 137)";
        assert_eq!((parse_pasv_reply(blanks), parse_pasv_reply_loosely(blanks)), (None, address));
    }

    #[test]
    fn eprt_tells_a_wrong_protocol_from_wrong_syntax() {
        assert_eq!(parse_eprt("|1|192.168.1.10|50123|"), Ok("192.168.1.10:50123".parse().unwrap()));
        assert_eq!(parse_eprt("|2|2001:db8::10|50123|"), Ok("[2001:db8::10]:50123".parse().unwrap()));
        assert_eq!(parse_eprt("!1!192.168.1.10!1!"), Ok("192.168.1.10:1".parse().unwrap()));
        assert_eq!(parse_eprt("|3|192.168.1.10|50123|"), Err(EprtError::Protocol));
        for bad in ["", "é", "|", "|1|192.168.1.10|50123", "|1|::1|1|", "|1|1.2.3.4|70000|", "|1|1.2.3.4|+1|"] {
            assert_eq!(parse_eprt(bad), Err(EprtError::Syntax), "{bad}");
        }
    }

    #[test]
    fn a_229_names_only_a_port() {
        assert_eq!(parse_epsv_reply("Entering Extended Passive Mode (|||50123|)"), Some(50123));
        for bad in ["", "()", "(|||)", "(|||0|)", "(|||65536|)", "(|1||50123|)", "(|||50123)", "|||50123|"] {
            assert_eq!(parse_epsv_reply(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = (parse_host_port(&text), parse_pasv_reply(&text), parse_eprt(&text), parse_epsv_reply(&text));
        }

        #[test]
        fn near_addresses_are_read_without_panic(text in "[(|é]{0,2}[|0-9,.:é]{0,30}[|)]{0,2}") {
            let _ = (parse_host_port(&text), parse_pasv_reply(&text), parse_eprt(&text), parse_epsv_reply(&text));
        }

        #[test]
        fn addresses_survive_the_round_trip(ip: [u8; 4], six: [u16; 8], port in 1_u16..) {
            let v4 = SocketAddrV4::new(ip.into(), port);
            prop_assert_eq!(parse_host_port(&format_host_port(v4)), Some(v4));
            prop_assert_eq!(parse_pasv_reply(&format!("Mode ({}).", format_host_port(v4))), Some(v4));
            prop_assert_eq!(parse_eprt(&format_eprt(v4.into())), Ok(v4.into()));
            let v6 = SocketAddr::new(Ipv6Addr::from(six).into(), port);
            prop_assert_eq!(parse_eprt(&format_eprt(v6)), Ok(v6));
            prop_assert_eq!(parse_epsv_reply(&format_epsv_port(port)), Some(port));
        }
    }
}
