//! The network of a client: what one subscriber usually has.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv6Net};
use service::http::RequestContext;

/// The network of this address: a /64 of IPv6, one address of IPv4.
pub(crate) fn of(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).trunc().into(),
        v4 @ IpAddr::V4(_) => v4.into(),
    }
}

/// The network that the current request came from. What no request asks for, such as a command, counts
/// as one network.
pub(crate) fn of_request() -> IpNet {
    of(RequestContext::read(|context| context.client).unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network_of(address: &str) -> String {
        of(address.parse().unwrap()).to_string()
    }

    #[test]
    fn a_subscriber_is_one_network() {
        assert_eq!(network_of("192.0.2.1"), "192.0.2.1/32");
        assert_eq!(network_of("::ffff:192.0.2.1"), "192.0.2.1/32");
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
