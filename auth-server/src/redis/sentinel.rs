//! The primary that Sentinel names. The library's own client for Sentinel asks one process after another, each with
//! long deadlines, so that one that does not respond would delay every new connection by seconds.

use std::time::Duration;

use futures::future::select_ok;
use redis::{
    Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    RedisResult, TlsCertificates,
};

use super::{RedisConnection, client, connect, is_tls};
use crate::config::SentinelAddress;

/// The processes of Sentinel, and how to reach the primary that they name.
pub(super) struct Sentinels {
    processes: Vec<Client>,
    name: String,
    primary: RedisConnectionInfo,
    is_tls: bool,
    certificates: Option<TlsCertificates>,
}

impl Sentinels {
    pub(super) fn new(
        address: &SentinelAddress,
        certificates: Option<TlsCertificates>,
    ) -> RedisResult<Self> {
        let sentinels = address.sentinels.iter();
        let clients = sentinels.map(|sentinel| client(sentinel.clone(), certificates.as_ref()));
        Ok(Self {
            processes: clients.collect::<RedisResult<_>>()?,
            name: address.name.clone(),
            primary: address.primary.clone(),
            is_tls: address.sentinels.iter().all(is_tls),
            certificates,
        })
    }

    /// Asks all at once. One that was cut off from the others may name a server that is gone or a replica by
    /// now: the first name counts that leads to a server which takes writes.
    pub(super) async fn connect(&self, timeout: Duration) -> RedisResult<RedisConnection> {
        let attempts = self.processes.iter().map(|sentinel| Box::pin(self.via(sentinel, timeout)));
        let (connection, _) = select_ok(attempts).await?;
        Ok(connection)
    }

    async fn via(&self, sentinel: &Client, timeout: Duration) -> RedisResult<RedisConnection> {
        let mut connection = connect(sentinel, timeout).await?;
        let question =
            redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name).clone();
        let named: Option<(String, u16)> = question.query_async(&mut connection).await?;
        let (host, port) = named.ok_or_else(|| {
            let message = "Sentinel watches no server of this name";
            RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, message))
        })?;
        let address = if self.is_tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let server = address.into_connection_info()?.set_redis_settings(self.primary.clone());
        let primary = client(server, self.certificates.as_ref())?;
        connect(&primary, timeout).await?.checked().await
    }
}
