//! Revocations from server to server through a Redis stream: the fast way, not the sure one.

use std::time::{Duration, Instant};

use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::streams::{StreamMaxlen, StreamReadOptions, StreamReadReply};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::authn::RevocationState;
use crate::session::Revocation;

const STREAM: &str = "auth:revocations";
const FIELD: &str = "revocation";

/// More than can be revoked in the life of a token; the oldest go first.
const LONGEST_STREAM: usize = 100_000;

/// Silence after which Redis answers "nothing new": our heartbeat.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// Silence after which Redis is failing.
const TIMEOUT: Duration = Duration::from_millis(750);

/// What waits to be told; when it overflows, the others learn it from the database.
const QUEUE: usize = 10_000;

/// Tells other servers what was revoked here.
pub(crate) struct RevocationPublisher {
    queue: Sender<Revocation>,
}

impl RevocationPublisher {
    pub(crate) fn publish(&self, revocation: &Revocation) {
        if self.queue.try_send(revocation.clone()).is_err() {
            tracing::warn!("a revocation goes to the other servers by the database alone");
        }
    }
}

/// The other end: sends what is told, takes in what others sent.
pub(crate) struct RevocationStream {
    redis: redis::Client,
    queue: Receiver<Revocation>,
}

pub(crate) fn channel(redis: redis::Client) -> (RevocationPublisher, RevocationStream) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (RevocationPublisher { queue: sender }, RevocationStream { redis, queue: receiver })
}

impl RevocationStream {
    pub(crate) async fn run(self, state: &RevocationState) {
        tokio::join!(send(self.redis.clone(), self.queue), listen(&self.redis, state));
    }
}

/// Sends each revocation. One that Redis doesn't take reaches the others by the database.
async fn send(redis: redis::Client, mut queue: Receiver<Revocation>) {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(0);
    let Ok(mut connection) = ConnectionManager::new_lazy_with_config(redis, config) else {
        tracing::error!("revocations can't be sent to Redis");
        return;
    };
    let mut failing = false;
    while let Some(revocation) = queue.recv().await {
        let mut sent = append(&mut connection, &revocation).await;
        if sent.is_err() {
            // A connection that broke meanwhile says so at its next use, and is replaced then.
            // Twice the same revocation does no harm.
            sent = append(&mut connection, &revocation).await;
        }
        if let (Err(error), false) = (&sent, failing) {
            tracing::warn!(%error, "revocations are not sent to Redis");
        }
        failing = sent.is_err();
    }
}

async fn append(redis: &mut ConnectionManager, revocation: &Revocation) -> redis::RedisResult<()> {
    let text = serde_json::to_string(revocation).map_err(|error| {
        (redis::ErrorKind::Client, "cannot serialize a revocation", error.to_string())
    })?;
    redis::pipe()
        .xadd_maxlen(STREAM, StreamMaxlen::Approx(LONGEST_STREAM), "*", &[(FIELD, text)])
        .ignore()
        .expire_at(STREAM, revocation.expires_at.timestamp())
        .ignore()
        .query_async(redis)
        .await
}

/// Takes in what others sent, for ever: where Redis goes failing, until it is back.
async fn listen(redis: &redis::Client, state: &RevocationState) {
    let mut failing = false;
    loop {
        let Err(error) = listen_once(redis, state, &mut failing).await;
        if !failing {
            tracing::warn!(%error, "Redis is away: revocations travel by the database");
            failing = true;
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

async fn listen_once(
    redis: &redis::Client,
    state: &RevocationState,
    failing: &mut bool,
) -> redis::RedisResult<std::convert::Infallible> {
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    let mut connection = redis.get_multiplexed_async_connection_with_config(&config).await?;
    let mut last = "0-0".to_owned();
    let connected = Instant::now();
    state.connected.notify_one();
    loop {
        let asked = Instant::now();
        take_in(&mut connection, &mut last, state).await?;
        state.freshness.confirmed_by_redis(asked, connected);
        if std::mem::take(failing) {
            tracing::info!("Redis is back");
        }
    }
}

/// Waits for something new, or for a heartbeat.
async fn take_in(
    redis: &mut MultiplexedConnection,
    last: &mut String,
    state: &RevocationState,
) -> redis::RedisResult<()> {
    let block = usize::try_from(HEARTBEAT.as_millis()).unwrap_or(usize::MAX);
    let options = StreamReadOptions::default().block(block).count(1_000);
    let reply: Option<StreamReadReply> =
        redis.xread_options(&[STREAM], &[last.as_str()], &options).await?;
    for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|stream| stream.ids) {
        let text: Option<String> = entry.get(FIELD);
        if let Some(revocation) = text.and_then(|text| serde_json::from_str(&text).ok()) {
            state.list.add(&revocation);
        } else {
            tracing::warn!(id = entry.id, "an entry in Redis is no revocation");
        }
        *last = entry.id;
    }
    Ok(())
}
