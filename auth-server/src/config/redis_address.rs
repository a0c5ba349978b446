//! Where Redis is: `redis://`, `redis+sentinel://` or `redis+cluster://`, each also with `rediss`.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisResult};
use serde::Deserialize;

/// Where Redis is.
#[derive(Clone)]
pub enum RedisAddress {
    /// One server.
    Server(ConnectionInfo),
    /// The primary that Sentinel names.
    Sentinel(SentinelAddress),
    /// A cluster, of which these nodes are known.
    Cluster(Vec<ConnectionInfo>),
}

/// Where Sentinel is, and how to reach the primary that it names.
#[derive(Clone)]
pub struct SentinelAddress {
    /// Its processes.
    pub sentinels: Vec<ConnectionInfo>,
    /// The name under which they watch the primary.
    pub name: String,
    /// Database and credentials at the primary.
    pub primary: RedisConnectionInfo,
}

/// Why text is not the address of a Redis. It never contains the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisAddress {
    /// It has no known form.
    #[error(
        "is not `redis://[user:password@]host[:port][/database]`, \
         `redis+sentinel://[user:password@]host[:port],…/name[/database]` \
         or `redis+cluster://[user:password@]host[:port],…`, with TLS `rediss…`; \
         user and password percent-encoded"
    )]
    Form,
    /// It has a query with unknown parameters.
    #[error("has an unknown parameter; there are `sentinel_user` and `sentinel_password`")]
    Parameter,
    /// It has parts that a cluster does not.
    #[error("names a database or parameters: a cluster has only database 0")]
    Cluster,
}

/// Credentials at Sentinel itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentinelParameters {
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
}

impl FromStr for RedisAddress {
    type Err = InvalidRedisAddress;

    fn from_str(url: &str) -> Result<Self, InvalidRedisAddress> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidRedisAddress::Form)?;
        match scheme.split_once('+') {
            Some((scheme @ ("redis" | "rediss"), "sentinel")) => {
                sentinel(scheme, rest).map(Self::Sentinel)
            }
            Some((scheme @ ("redis" | "rediss"), "cluster")) => {
                cluster(scheme, rest).map(Self::Cluster)
            }
            _ => parsed(url).map(Self::Server),
        }
    }
}

fn sentinel(scheme: &str, rest: &str) -> Result<SentinelAddress, InvalidRedisAddress> {
    const PORT: u16 = 26379;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').ok_or(InvalidRedisAddress::Form)?;
    let (name, database) = path.split_once('/').unwrap_or((path, ""));
    let name = percent_encoding::percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_| InvalidRedisAddress::Form)?.into_owned();
    if name.is_empty() {
        return Err(InvalidRedisAddress::Form);
    }
    let (credentials, hosts) = credentials(authority);
    let primary = parsed(&format!("{scheme}://{credentials}host/{database}"))?;
    let parameters: SentinelParameters =
        serde_urlencoded::from_str(query).map_err(|_| InvalidRedisAddress::Parameter)?;
    let mut settings = RedisConnectionInfo::default();
    if let Some(user) = parameters.sentinel_user {
        settings = settings.set_username(user);
    }
    if let Some(password) = parameters.sentinel_password {
        settings = settings.set_password(password);
    }
    let sentinels = hosts.split(',').map(|host| {
        let url = if has_port(host) { host.to_owned() } else { format!("{host}:{PORT}") };
        Ok(parsed(&format!("{scheme}://{url}"))?.set_redis_settings(settings.clone()))
    });
    let sentinels = sentinels.collect::<Result<_, _>>()?;
    Ok(SentinelAddress { sentinels, name, primary: primary.redis_settings().clone() })
}

fn cluster(scheme: &str, rest: &str) -> Result<Vec<ConnectionInfo>, InvalidRedisAddress> {
    let authority = rest.strip_suffix("/0").or(rest.strip_suffix('/')).unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(InvalidRedisAddress::Cluster);
    }
    let (credentials, hosts) = credentials(authority);
    hosts.split(',').map(|host| parsed(&format!("{scheme}://{credentials}{host}"))).collect()
}

/// The part of an authority up to the `@`, and the hosts.
fn credentials(authority: &str) -> (&str, &str) {
    authority.split_at(authority.rfind('@').map_or(0, |at| at + 1))
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'))
}

/// The library's own message may carry the URL, and with it a password.
fn parsed(url: &str) -> Result<ConnectionInfo, InvalidRedisAddress> {
    let parsed: RedisResult<_> = url.into_connection_info();
    parsed.map_err(|_| InvalidRedisAddress::Form)
}

impl RedisAddress {
    fn addresses(&self) -> Vec<&ConnectionAddr> {
        match self {
            Self::Server(server) => vec![server.addr()],
            Self::Sentinel(SentinelAddress { sentinels: nodes, .. }) | Self::Cluster(nodes) => {
                nodes.iter().map(ConnectionInfo::addr).collect()
            }
        }
    }
}

/// Without credentials.
impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.addresses().iter().map(ToString::to_string).collect();
        f.write_str(&addresses.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentinel(url: &str) -> SentinelAddress {
        let Ok(RedisAddress::Sentinel(address)) = url.parse() else { panic!("{url}") };
        address
    }

    fn cluster(url: &str) -> Vec<ConnectionInfo> {
        let Ok(RedisAddress::Cluster(nodes)) = url.parse() else { panic!("{url}") };
        nodes
    }

    fn texts(nodes: &[ConnectionInfo]) -> Vec<String> {
        nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    #[test]
    fn one_server_is_an_address() {
        for url in ["redis://a", "rediss://u:p@a:7/3", "redis+unix:///run/redis.sock"] {
            assert!(matches!(url.parse(), Ok(RedisAddress::Server(_))), "{url}");
        }
    }

    #[test]
    fn sentinel_has_hosts_a_name_a_database_and_credentials_of_its_own() {
        let address = sentinel(
            "redis+sentinel://films:p%40ss@one,two:7,[::1],[::1]:8/main/3?sentinel_user=s&sentinel_password=a%2Bb",
        );
        assert_eq!(texts(&address.sentinels), ["one:26379", "two:7", "::1:26379", "::1:8"]);
        assert_eq!(address.name, "main");
        assert_eq!(address.primary.db(), 3);
        assert_eq!(address.primary.username(), Some("films"));
        assert_eq!(address.primary.password(), Some("p@ss"));
        for node in &address.sentinels {
            let settings = node.redis_settings();
            assert_eq!((settings.username(), settings.password()), (Some("s"), Some("a+b")));
            assert_eq!(settings.db(), 0);
        }
        let plain = sentinel("redis+sentinel://one/main");
        assert_eq!((plain.primary.db(), plain.primary.password()), (0, None));
        assert_eq!(plain.sentinels[0].redis_settings().password(), None);
    }

    #[test]
    fn a_cluster_has_nodes_with_the_same_credentials() {
        let nodes = cluster("redis+cluster://films:secret@one,two:7/0");
        assert_eq!(texts(&nodes), ["one:6379", "two:7"]);
        assert!(nodes.iter().all(|node| node.redis_settings().password() == Some("secret")));
    }

    #[test]
    fn tls_is_asked_for_by_the_scheme() {
        let is_tls = |node: &ConnectionInfo| {
            matches!(node.addr(), ConnectionAddr::TcpTls { insecure: false, .. })
        };
        assert!(sentinel("rediss+sentinel://one/main").sentinels.iter().all(is_tls));
        assert!(cluster("rediss+cluster://one,two").iter().all(is_tls));
        assert!(!cluster("redis+cluster://one,two").iter().any(is_tls));
    }

    #[test]
    fn what_has_no_known_form_is_refused() {
        use InvalidRedisAddress::{Cluster, Form, Parameter};
        for (url, error) in [
            ("one:6379", Form),
            ("http://one", Form),
            ("http+cluster://one", Form),
            ("redis+other://one", Form),
            ("redis+sentinel://one", Form),
            ("redis+sentinel://one/", Form),
            ("redis+sentinel:///main", Form),
            ("redis+sentinel://one,,two/main", Form),
            ("redis+sentinel://one/main/first", Form),
            ("redis+sentinel://one/main?password=x", Parameter),
            ("redis+cluster://one,", Form),
            ("redis+cluster://one/1", Cluster),
            ("redis+cluster://one?protocol=3", Cluster),
        ] {
            assert_eq!(url.parse::<RedisAddress>().unwrap_err(), error, "{url}");
        }
    }

    #[test]
    fn no_credentials_are_shown() {
        for url in [
            "redis://u:hunter2@one",
            "redis+sentinel://u:hunter2@one/main?sentinel_password=hunter2",
            "redis+cluster://u:hunter2@one",
        ] {
            let address: RedisAddress = url.parse().unwrap();
            assert!(!format!("{address:?}").contains("hunter2"));
        }
    }
}
