//! How a server arranges data connections: PORT and PASV (RFC 959, section 4.1.2), EPRT and EPSV (RFC 2428).
//!
//! Each arrangement serves one transfer. A new one replaces the last, which may have been used or not.

use super::{Foreign, Server, ServerSession};
use crate::ftp::address::{EprtError, format_epsv_port, format_host_port, parse_eprt, parse_host_port};
use crate::ftp::{Command, Host, ListenPort, Reply};
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
        let allowed = match verb {
            "PORT" | "EPRT" => server.config.active_enabled && !self.epsv_all,
            "PASV" => server.config.passive_enabled && !self.epsv_all,
            _ => server.config.passive_enabled,
        };
        if !allowed {
            return Some(server.say().permission_denied.reply());
        }
        if verb == "PORT" || verb == "EPRT" {
            self.drop_data(host);
            Some(self.active(command, server, host))
        } else {
            self.passive(command, server, host)
        }
    }

    fn active(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        let say = server.say();
        let (mut address, ok, illegal) = if command.verb == "PORT" {
            let Some(address) = parse_host_port(&command.argument) else { return say.port_illegal.reply() };
            (SocketAddr::V4(address), say.port_ok, say.port_illegal)
        } else {
            let address = match parse_eprt(&command.argument) {
                // vsftpd: no IPv6 data connection for an IPv4 control connection.
                Ok(address) if address.is_ipv6() && host.control_local().is_ipv4() => Err(EprtError::Protocol),
                other => other,
            };
            match address {
                Ok(address) => (address, say.eprt_ok, say.eprt_illegal),
                Err(EprtError::Syntax) => return say.eprt_bad.reply(),
                Err(EprtError::Protocol) => return say.eprt_bad_protocol.reply(),
            }
        };
        // RFC 2577, section 3: whoever may name any address and port makes the server attack others (FTP bounce).
        let peer = host.control_remote().ip();
        if say.foreign == Foreign::PeerInstead && is_private(address.ip()) && !is_private(peer) {
            address.set_ip(peer);
        }
        let own = address.ip() == peer && address.port() >= 1024;
        if !own && !server.config.port_promiscuous {
            return match say.foreign {
                Foreign::Illegal => illegal.reply(),
                Foreign::Named | Foreign::PeerInstead => {
                    let (named, peer) = (address.ip().to_string(), peer.to_string());
                    say.port_foreign.fill(&[("named", &named), ("peer", &peer)], &[])
                }
            };
        }
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
                _ => return Some(say.epsv_bad_protocol.reply()),
            }
        }
        self.drop_data(host);
        let (low, high) = server.config.pasv_ports.unwrap_or((1024, u16::MAX));
        let Ok(listening) = host.listen_data(ListenPort::Range { low, high }) else {
            if say.dies_of_ports {
                self.die([say.no_port, say.no_port_passive], server, host);
                return None;
            }
            return Some(say.no_port.reply());
        };
        self.plan = DataPlan::Listening;
        if command.verb == "EPSV" {
            return Some(say.epsv_ok.with(&[&format_epsv_port(listening.port())]));
        }
        // 227 has no room for an IPv6 address: vsftpd 3.0.3 then names 0.0.0.0, which helps nobody; EPSV does.
        let ip = server.config.pasv_address.unwrap_or(match local.ip() {
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
