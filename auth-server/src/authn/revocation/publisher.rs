//! Revocations between servers through a Redis stream: fast, but not relied upon.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use redis::AsyncCommands;
use redis::aio::ConnectionLike;
use redis::streams::{StreamMaxlen, StreamReadOptions, StreamReadReply};
use tokio::sync::mpsc;

use super::RevocationState;
use crate::redis::{REVOCATIONS, ReconnectingRedis, Redis, RedisConnection};
use crate::session::Revocation;

const FIELD: &str = "revocation";

/// Maximum length of the stream: more than is revoked within the lifetime of a token.
const MAX_STREAM_LENGTH: usize = 100_000;

/// After this long without a revocation Redis forgets all, ms. They are in the database, too.
const STREAM_LIFETIME_MS: i64 = 3_600_000;

/// Time after which Redis answers even if there is nothing new.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// Time after which Redis counts as unavailable.
const TIMEOUT: Duration = Duration::from_millis(750);

/// Capacity of the queue to Redis; on overflow, other servers read the revocation from the database.
const QUEUE_CAPACITY: usize = 10_000;

/// Publishes revocations of this server.
pub(crate) struct RevocationPublisher {
    queue: mpsc::Sender<Revocation>,
}

impl RevocationPublisher {
    pub(crate) fn publish(&self, revocation: &Revocation) {
        if self.queue.try_send(revocation.clone()).is_err() {
            tracing::warn!(
                "the queue to Redis is full; a revocation reaches other servers through the database only"
            );
        }
    }
}

/// The connection to Redis: sends what is published here, and receives what others published.
pub(crate) struct RevocationStream {
    redis: Redis,
    queue: mpsc::Receiver<Revocation>,
}

pub(crate) fn channel(redis: Redis) -> (RevocationPublisher, RevocationStream) {
    let (sender, receiver) = mpsc::channel(QUEUE_CAPACITY);
    (RevocationPublisher { queue: sender }, RevocationStream { redis, queue: receiver })
}

impl RevocationStream {
    pub(crate) async fn run(self, state: &RevocationState) {
        tokio::join!(send(self.redis.clone(), self.queue), receive(&self.redis, state));
    }
}

/// Sends each revocation. If Redis refuses one, other servers read it from the database.
async fn send(redis: Redis, mut queue: mpsc::Receiver<Revocation>) {
    let mut connection = ReconnectingRedis::new(redis, TIMEOUT);
    let mut failing = false;
    while let Some(revocation) = queue.recv().await {
        let mut sent = append(&mut connection, &revocation).await;
        if sent.is_err() {
            // A broken connection fails once and is then replaced. Revocations are idempotent.
            sent = append(&mut connection, &revocation).await;
        }
        if let (Err(error), false) = (&sent, failing) {
            tracing::warn!(%error, "cannot send revocations to Redis");
        }
        failing = sent.is_err();
    }
}

/// Publishes a revocation of a command, which does not stay to do it in the background.
pub(crate) async fn publish_now(redis: &Redis, revocation: &Revocation) -> redis::RedisResult<()> {
    append(&mut redis.connect(TIMEOUT).await?, revocation).await
}

async fn append(
    redis: &mut impl ConnectionLike,
    revocation: &Revocation,
) -> redis::RedisResult<()> {
    let text = serde_json::to_string(revocation).map_err(|error| {
        (redis::ErrorKind::Client, "cannot serialize a revocation", error.to_string())
    })?;
    redis::pipe()
        .xadd_maxlen(REVOCATIONS, StreamMaxlen::Approx(MAX_STREAM_LENGTH), "*", &[(FIELD, text)])
        .ignore()
        .pexpire(REVOCATIONS, STREAM_LIFETIME_MS)
        .ignore()
        .query_async(redis)
        .await
}

/// Receives what others published, reconnecting forever.
async fn receive(redis: &Redis, state: &RevocationState) {
    let mut failing = false;
    loop {
        let Err(error) = receive_once(redis, state, &mut failing).await;
        if !failing {
            tracing::warn!(%error, "Redis is unavailable; revocations travel through the database");
            failing = true;
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

async fn receive_once(
    redis: &Redis,
    state: &RevocationState,
    failing: &mut bool,
) -> redis::RedisResult<Infallible> {
    let mut connection = redis.connect(TIMEOUT).await?;
    let mut last = "0-0".to_owned();
    let connected = Instant::now();
    state.connected.notify_one();
    loop {
        let asked = Instant::now();
        read(&mut connection, &mut last, state).await?;
        state.freshness.confirmed_by_redis(asked, connected);
        if std::mem::take(failing) {
            tracing::info!("Redis is available again");
        }
    }
}

/// Waits for entries after `last`, or for a heartbeat.
async fn read(
    redis: &mut RedisConnection,
    last: &mut String,
    state: &RevocationState,
) -> redis::RedisResult<()> {
    let block = usize::try_from(HEARTBEAT.as_millis()).unwrap_or(usize::MAX);
    let options = StreamReadOptions::default().block(block).count(1_000);
    let reply: Option<StreamReadReply> =
        redis.xread_options(&[REVOCATIONS], &[last.as_str()], &options).await?;
    for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|stream| stream.ids) {
        let text: Option<String> = entry.get(FIELD);
        if let Some(revocation) = text.and_then(|text| serde_json::from_str(&text).ok()) {
            state.list.add(&revocation);
        } else {
            tracing::warn!(id = entry.id, "an entry of the Redis stream is not a revocation");
        }
        *last = entry.id;
    }
    Ok(())
}
