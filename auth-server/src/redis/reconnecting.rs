//! A connection that is replaced once a command has failed on it: the primary may be another server by now.

use std::slice;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value};
use tokio::time::timeout;

use super::connection::timed_out;
use super::{Redis, RedisConnection};

/// Longest time for a new connection, as a multiple of what a command may take: several servers are asked on
/// the way.
const CONNECTING: u32 = 5;

type Connecting = Shared<BoxFuture<'static, RedisResult<RedisConnection>>>;

/// Connects at the first use. Commands are not repeated. Each one, and waiting for a connection, has the same
/// deadline. Clones share the connection.
#[derive(Clone)]
pub(crate) struct ReconnectingRedis(Arc<Inner>);

struct Inner {
    redis: Redis,
    timeout: Duration,
    current: Mutex<Option<Connecting>>,
}

impl ReconnectingRedis {
    pub(crate) fn new(redis: Redis, timeout: Duration) -> Self {
        Self(Arc::new(Inner { redis, timeout, current: Mutex::default() }))
    }
}

impl Inner {
    async fn connection(&self) -> RedisResult<(RedisConnection, Connecting)> {
        let connecting = self.current();
        // It goes on connecting if this caller gives up, for the next one.
        let connected = timeout(self.timeout, connecting.clone()).await.map_err(|_| timed_out())?;
        Ok((connected?, connecting))
    }

    fn current(&self) -> Connecting {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(connecting) if !matches!(connecting.peek(), Some(Err(_))) => connecting.clone(),
            _ => current.insert(self.connect()).clone(),
        }
    }

    fn connect(&self) -> Connecting {
        let (redis, limit) = (self.redis.clone(), self.timeout);
        let connecting = async move {
            let connected = timeout(limit * CONNECTING, redis.connect(limit)).await;
            connected.unwrap_or_else(|_| Err(timed_out()))
        };
        let connecting = connecting.boxed().shared();
        tokio::spawn(connecting.clone());
        connecting
    }

    /// Replaces the connection if this is a failure.
    fn settle(&self, connecting: &Connecting, answer: Result<&[Value], &RedisError>) {
        if answer.is_ok_and(|values| !values.iter().any(is_failure)) {
            return;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|current| current.ptr_eq(connecting));
    }
}

/// An error that another server may not answer with, such as that of a replica.
fn is_failure(value: &Value) -> bool {
    matches!(value, Value::ServerError(error) if error.kind() != Some(ServerErrorKind::NoScript))
}

impl ConnectionLike for ReconnectingRedis {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (mut connection, connecting) = self.0.connection().await?;
            let answer = connection.req_packed_command(command).await;
            self.0.settle(&connecting, answer.as_ref().map(slice::from_ref));
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (mut connection, connecting) = self.0.connection().await?;
            let answer = connection.req_packed_commands(pipeline, offset, count).await;
            self.0.settle(&connecting, answer.as_deref());
            answer
        })
    }

    fn get_db(&self) -> i64 {
        0
    }
}
