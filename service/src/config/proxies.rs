//! Proxies that may name the client's address.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;

use super::values::OneOrMany;

/// Networks of trusted proxies. Cheap to clone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// True for the address of a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl TryFrom<OneOrMany> for TrustedProxies {
    type Error = String;

    fn try_from(given: OneOrMany) -> Result<Self, String> {
        given.items().iter().map(|text| network(text)).collect::<Result<_, _>>().map(Self)
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| format!("`{text}` is neither an address nor a network like `10.0.0.0/8`"))
}
