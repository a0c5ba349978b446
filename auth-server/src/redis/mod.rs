//! Redis: one server, the primary that Sentinel names, or a cluster.

mod connection;
mod reconnecting;
mod sentinel;

use std::sync::Arc;
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterClientBuilder, ClusterConfig};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError,
    RedisResult, TlsCertificates,
};

use crate::config::RedisAddress;
pub(crate) use connection::RedisConnection;
pub(crate) use reconnecting::ReconnectingRedis;
use sentinel::Sentinels;

/// What every key begins with that scripts take: they take several, and in a cluster these have to be on one
/// node, which the part in braces decides.
pub(crate) const THROTTLE_PREFIX: &str = "auth:{throttle}:";

/// The stream of revocations.
pub(crate) const REVOCATIONS: &str = "auth:revocations";

/// Written to find out whether Redis takes writes: for each part of a cluster that is used, a key there.
const CHECKED: [&str; 2] = ["auth:{throttle}:health", "auth:{auth:revocations}:health"];

/// How often the library asks other nodes of a cluster, which moved or do not respond, before it gives up.
const CLUSTER_RETRIES: u32 = 3;

/// Its pause before that, ms.
const CLUSTER_RETRY_WAIT: (u64, u64) = (5, 50);

/// How to reach Redis.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Topology>);

enum Topology {
    Server(Client),
    Sentinel(Sentinels),
    Cluster(Box<ClusterClient>),
}

impl Redis {
    /// Trusts `root_cert`, PEM, in place of the system's certificates. Connects to nothing yet.
    ///
    /// # Errors
    /// The certificates are invalid, or there are some although TLS is not used.
    pub(crate) fn new(address: &RedisAddress, root_cert: Option<Vec<u8>>) -> RedisResult<Self> {
        let certificates = root_cert
            .map(|root_cert| TlsCertificates { client_tls: None, root_cert: Some(root_cert) });
        let topology = match address {
            RedisAddress::Server(server) => {
                Topology::Server(client(server.clone(), certificates.as_ref())?)
            }
            RedisAddress::Sentinel(address) => {
                Topology::Sentinel(Sentinels::new(address, certificates)?)
            }
            RedisAddress::Cluster(nodes) => {
                Topology::Cluster(Box::new(cluster(nodes, certificates)?))
            }
        };
        Ok(Self(Arc::new(topology)))
    }

    /// A new connection to a Redis that takes writes: a replica and a full one answer, but refuse them.
    /// Each step takes at most `timeout`, and so does each command on the connection.
    pub(crate) async fn connect(&self, timeout: Duration) -> RedisResult<RedisConnection> {
        match &*self.0 {
            Topology::Server(client) => connect(client, timeout).await?.checked().await,
            Topology::Sentinel(sentinels) => sentinels.connect(timeout).await,
            Topology::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(timeout)
                    .set_response_timeout(timeout);
                let connection = client.get_async_connection_with_config(config).await?;
                RedisConnection::cluster(connection, timeout).checked().await
            }
        }
    }
}

/// Whether Redis itself has answered with this error.
pub(crate) fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

fn client(server: ConnectionInfo, certificates: Option<&TlsCertificates>) -> RedisResult<Client> {
    match certificates {
        None => Client::open(server),
        Some(certificates) => Client::build_with_tls(server, certificates.clone()),
    }
}

fn cluster(
    nodes: &[ConnectionInfo],
    certificates: Option<TlsCertificates>,
) -> RedisResult<ClusterClient> {
    let (min_wait, max_wait) = CLUSTER_RETRY_WAIT;
    let builder = ClusterClientBuilder::new(nodes.iter().cloned())
        .retries(CLUSTER_RETRIES)
        .min_retry_wait(min_wait)
        .max_retry_wait(max_wait);
    match certificates {
        None => builder.build(),
        Some(_) if !nodes.iter().all(is_tls) => Err(RedisError::from((
            ErrorKind::InvalidClientConfig,
            "certificates are of no use without TLS: `rediss+cluster://`",
        ))),
        Some(certificates) => builder.certs(certificates).build(),
    }
}

fn is_tls(node: &ConnectionInfo) -> bool {
    matches!(node.addr(), ConnectionAddr::TcpTls { .. })
}

async fn connect(client: &Client, timeout: Duration) -> RedisResult<RedisConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout));
    let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    Ok(RedisConnection::server(connection, timeout))
}
