//! How a server arranges data connections: PORT and PASV (RFC 959, section 4.1.2), EPRT and EPSV (RFC 2428).
//!
//! A new arrangement replaces the last, which may have been used or not. How long one is good differs: vsftpd's serves
//! one transfer, pure-ftpd goes on listening and proftpd goes on connecting until it is told otherwise.

use super::{Foreign, PortRefusal, Server, ServerSession};
use crate::endpoint_text::{EprtError, format_epsv_port, format_host_port, parse_eprt, parse_host_port};
use crate::ftp::{Accepts, Command, Host, ListenPort, Reply};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// Where the data connection of the next transfer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataPlan {
    /// Not arranged.
    None,
    /// PORT or EPRT: connect there when the transfer command comes.
    Active(SocketAddr),
    /// PASV or EPSV: nobody has connected yet.
    Listening,
    /// PASV or EPSV: somebody has.
    Accepted {
        remote: SocketAddr,
        /// The peer has closed its side already.
        closed: bool,
    },
    /// PASV or EPSV: somebody had connected, and the connection broke before it was used.
    Broken,
}

impl ServerSession {
    /// Answers PORT, EPRT, PASV or EPSV.
    pub(super) fn negotiate(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) -> Option<Reply> {
        let verb = command.verb.as_str();
        let say = server.say();
        let active = verb == "PORT" || verb == "EPRT";
        // RFC 2428, section 4.
        if self.epsv_all && say.epsv_all_forbids.contains(&verb) {
            return Some(self.fill(say.only_epsv, command, server, host));
        }
        if active { Some(self.active(command, server, host)) } else { self.passive(command, server, host) }
    }

    fn active(&mut self, command: &Command, server: &Server, host: &mut dyn Host) -> Reply {
        let say = server.say();
        if say.refused_port_drops == PortRefusal::Any {
            self.drop_data(host);
        }
        let port = command.verb == "PORT";
        let parsed = if port {
            parse_host_port(&command.argument).map(SocketAddr::V4).ok_or(say.port_illegal)
        } else {
            match parse_eprt(&command.argument) {
                // No IPv6 data connection for an IPv4 control connection.
                Ok(address) if address.is_ipv6() && host.control_local().is_ipv4() => Err(say.eprt_bad_protocol),
                Ok(address) => Ok(address),
                Err(EprtError::Syntax) => Err(say.eprt_bad),
                Err(EprtError::Protocol) => Err(say.eprt_bad_protocol),
            }
        };
        let mut address = match parsed {
            Ok(address) => address,
            Err(text) => return self.fill(text, command, server, host),
        };
        let (ok, foreign, low) = if port {
            (say.port_ok, say.port_foreign, say.port_low)
        } else {
            (say.eprt_ok, say.eprt_foreign, say.eprt_low)
        };
        // RFC 2577, section 3: whoever may name any address and port makes the server attack others (FTP bounce).
        let peer = host.control_remote().ip();
        if say.foreign_port_address == Foreign::PeerInstead && is_private(address.ip()) && !is_private(peer) {
            address.set_ip(peer);
        }
        if !server.config.port_promiscuous {
            if (address.ip() != peer || address.port() < 1024) && say.refused_port_drops == PortRefusal::Address {
                self.drop_data(host);
            }
            if address.ip() != peer {
                let (named, peer) = (address.ip().to_string(), peer.to_string());
                return foreign.fill(&[("named", &named), ("peer", &peer)], &[]);
            }
            if address.port() < 1024 {
                return low.reply();
            }
        }
        self.drop_data(host);
        self.plan = DataPlan::Active(address);
        ok.reply()
    }

    fn passive(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) -> Option<Reply> {
        let say = server.say();
        let local = host.control_local();
        if command.verb == "EPSV" && !command.argument.is_empty() {
            match command.argument.trim() {
                all if all.eq_ignore_ascii_case("ALL") => {
                    self.epsv_all = true;
                    return Some(say.epsv_all.reply());
                }
                "1" => {}
                "2" if local.is_ipv6() => {}
                // pure-ftpd takes any number over IPv6.
                _ if local.is_ipv6() && say.no_pasv_over_ipv6.is_some() => {}
                _ => return Some(self.fill(say.epsv_bad_protocol, command, server, host)),
            }
        }
        if let Some(text) = say.no_pasv_over_ipv6.filter(|_| command.verb == "PASV" && local.is_ipv6()) {
            return Some(text.reply());
        }
        self.drop_data(host);
        let accepts = if say.passive_stays { Accepts::Many } else { Accepts::One };
        let (low, high) = server.config.passive_ports.unwrap_or((1024, u16::MAX));
        let Ok(listening) = host.listen_data(ListenPort::Range { low, high }, accepts) else {
            if say.exits_on_bind_failure {
                self.exit_with([say.no_port, say.no_port_passive], server, host);
                return None;
            }
            return Some(say.no_port.reply());
        };
        self.plan = DataPlan::Listening;
        self.passive_port = Some(listening.port());
        if command.verb == "EPSV" {
            return Some(say.epsv_ok.with(&[&format_epsv_port(listening.port())]));
        }
        if let (IpAddr::V6(six), None) = (local.ip(), server.config.passive_address)
            && say.address_as_text
        {
            let text = six.to_string();
            let last = text.rsplit(':').next().unwrap_or_default();
            let [high, low] = listening.port().to_be_bytes();
            return Some(say.pasv_ok.with(&[&format!("{last},{high},{low}")]));
        }
        // 227 has no room for an IPv6 address: vsftpd 3.0.3 then names 0.0.0.0, which helps nobody; EPSV does.
        let ip = server.config.passive_address.unwrap_or(match local.ip() {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(ip) => ip.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
        });
        Some(say.pasv_ok.with(&[&format_host_port(SocketAddrV4::new(ip, listening.port()))]))
    }
}

/// RFC 1918, section 3.
fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_private())
}
