//! A connection on which every command has a deadline.

use std::io;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::time::timeout;

use super::CHECKED;

/// A connection to one server or to a cluster. Clones share it.
#[derive(Clone)]
pub(crate) struct RedisConnection {
    kind: Kind,
    timeout: Duration,
}

#[derive(Clone)]
enum Kind {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl RedisConnection {
    pub(super) const fn server(connection: MultiplexedConnection, timeout: Duration) -> Self {
        Self { kind: Kind::Server(connection), timeout }
    }

    pub(super) const fn cluster(connection: ClusterConnection, timeout: Duration) -> Self {
        Self { kind: Kind::Cluster(connection), timeout }
    }

    /// This connection if Redis takes writes.
    pub(super) async fn checked(mut self) -> RedisResult<Self> {
        for key in CHECKED {
            let set = redis::cmd("SET").arg(&[key, "1", "PX", "10000"]).clone();
            set.query_async::<()>(&mut self).await?;
        }
        Ok(self)
    }

    const fn inner(&mut self) -> &mut dyn Inner {
        match &mut self.kind {
            Kind::Server(connection) => connection,
            Kind::Cluster(connection) => connection,
        }
    }
}

/// What the library's connections do, whichever they are.
trait Inner: ConnectionLike + Send {}
impl<T: ConnectionLike + Send> Inner for T {}

/// The deadline of the library is one of several within a command to a cluster.
async fn within<T>(limit: Duration, answer: RedisFuture<'_, T>) -> RedisResult<T> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(timed_out()))
}

pub(super) fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let limit = self.timeout;
        Box::pin(within(limit, self.inner().req_packed_command(command)))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let limit = self.timeout;
        Box::pin(within(limit, self.inner().req_packed_commands(pipeline, offset, count)))
    }

    fn get_db(&self) -> i64 {
        match &self.kind {
            Kind::Server(connection) => connection.get_db(),
            Kind::Cluster(connection) => connection.get_db(),
        }
    }
}
