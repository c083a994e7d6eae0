//! An IP address with a port.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// One end of a TCP connection: an address and a port. Half the size of `SocketAddr`, which also carries IPv6 flow
/// labels and scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
}

/// Every packet is looked up by its endpoints, so an IPv4 one is a single number here.
impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.ip {
            IpAddr::V4(ip) => state.write_u64(u64::from(u32::from(ip)) << 16 | u64::from(self.port)),
            IpAddr::V6(ip) => {
                state.write_u128(u128::from(ip));
                state.write_u16(self.port);
            }
        }
    }
}

impl Endpoint {
    /// `ip` with `port`.
    pub const fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip, port }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), address.port())
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint.ip, endpoint.port)
    }
}

/// `192.0.2.1:21`, `[2001:db8::1]:21`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::from(*self).fmt(f)
    }
}
