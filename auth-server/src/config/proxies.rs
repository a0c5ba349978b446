//! Proxies whose word about a client's address counts.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;

/// Networks of the proxies that requests come through. Cheap to clone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct TrustedProxies(Arc<[IpNet]>);

/// A comma-separated text (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

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
        let given: Vec<String> = match given {
            OneOrMany::One(list) => list.split(',').map(str::to_owned).collect(),
            OneOrMany::Many(list) => list,
        };
        let given = given.iter().map(|one| one.trim()).filter(|one| !one.is_empty());
        given.map(network).collect::<Result<_, _>>().map(Self)
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| format!("`{text}` is neither an address nor a network like `10.0.0.0/8`"))
}
