//! Addresses to listen on.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use serde::Deserialize;
use tokio::net::{TcpListener, lookup_host};

/// An address and a port, or the name of a host and a port, which is resolved when it is bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress(String);

impl ListenAddress {
    /// Binds the address; of those that a name has, the first that can be bound, IPv4 before IPv6.
    ///
    /// # Errors
    /// The name is unknown, or the address is in use or not local.
    pub async fn bind(&self) -> std::io::Result<TcpListener> {
        let mut addresses: Vec<SocketAddr> = lookup_host(&self.0).await?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let mut last = Error::new(ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_host = |host: &str| {
            let mut labels = host.trim_end_matches('.').split('.');
            labels.all(|label| {
                let mut bytes = label.bytes();
                !label.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            })
        };
        let is_named = || {
            let Some((host, port)) = text.rsplit_once(':') else { return false };
            // Digits and dots alone are a mistyped address.
            is_host(host)
                && host.contains(|c: char| c.is_ascii_alphabetic())
                && port.parse::<u16>().is_ok()
        };
        if text.parse::<SocketAddr>().is_ok() || is_named() {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is not an address and a port like `127.0.0.1:8080` or `localhost:8080`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_name_has_a_port() {
        for text in ["127.0.0.1:0", "[::1]:8080", "localhost:8080", "auth-server.films.svc:80"] {
            assert!(ListenAddress::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["here", ":8080", "localhost", "localhost:http", "256.0.0.1:80", "a b:1", "::1"]
        {
            assert!(ListenAddress::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_is_bound_to_its_address() {
        let address = ListenAddress::try_from("localhost:0".to_owned()).expect("a name");
        let listener = address.bind().await.expect("bound");
        assert!(listener.local_addr().expect("an address").ip().is_loopback());
    }
}
