//! Readiness of this server.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use service::database::DatabaseUrl;
use service::health::{Recent, State, Tag};
use service::lifecycle::Lifecycle;
use sqlx::Connection;

use crate::db::{AgreedClock, PgPool, connect, status};
use crate::metrics::Metrics;
use crate::policy::LivePolicy;
use crate::redis::{self, Redis};
use crate::secret_replacement::SecretReplacement;

/// Timeout of each check.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Timeout of each step towards Redis: there are several before Sentinel or a cluster is found to be unusable.
const REDIS_TIMEOUT: Duration = Duration::from_millis(300);

/// The dependencies to check.
pub(crate) struct Health {
    database: DatabaseUrl,
    pool: PgPool,
    policy: Arc<LivePolicy>,
    redis: Option<Redis>,
    clock: AgreedClock,
    secret: SecretReplacement,
    lifecycle: Lifecycle,
    states: Recent<States>,
}

/// What was seen at the last look.
#[derive(Clone, Copy)]
struct States {
    database: State,
    redis: State,
    /// How far this server's clock is ahead of PostgreSQL's; `None` while PostgreSQL does not respond.
    skew: Option<TimeDelta>,
}

/// Whether the server can answer requests.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct Readiness {
    /// Whether a load balancer should send requests to this server.
    ready: bool,
    /// PostgreSQL; required, with new connections and writes.
    database: State,
    /// Redis; without it revocations reach other servers more slowly.
    redis: State,
    /// How far this server's clock is ahead of PostgreSQL's, in seconds; negative if it is behind. Beyond
    /// `AUTH_CLOCK_TOLERANCE` the server is not ready. Missing while PostgreSQL does not respond.
    clock_skew_seconds: Option<f64>,
    /// Policy revision of this server.
    revision: i64,
    /// Whether this server has looked for policy writes of other servers within the last five seconds;
    /// required.
    following: bool,
    /// The step that was skipped while `AUTH_SECRET` is being replaced, if one was.
    missing_secret_step: Option<String>,
    /// Whether the server is shutting down and finishing open requests.
    draining: bool,
}

impl Health {
    /// Checks these.
    #[must_use]
    pub(crate) fn new(
        database: DatabaseUrl,
        pool: PgPool,
        policy: Arc<LivePolicy>,
        redis: Option<Redis>,
        clock: AgreedClock,
        secret: SecretReplacement,
        lifecycle: Lifecycle,
    ) -> Self {
        Self { database, pool, policy, redis, clock, secret, lifecycle, states: Recent::default() }
    }

    /// Brings the metrics that are states, not counts, up to date.
    pub(crate) async fn measure(self: &Arc<Self>, metrics: &Metrics) {
        let States { database, redis, skew } = self.states().await;
        metrics.policy_revision.set(self.policy.snapshot().revision());
        metrics.database_up.set((database == State::Up).into());
        metrics.redis_up.set((redis == State::Up).into());
        if let Some(skew) = skew {
            metrics.clock_skew.set(skew.as_seconds_f64());
        }
        metrics.database_connections.set(self.pool.size().into());
    }

    async fn readiness(self: &Arc<Self>) -> Readiness {
        let States { database, redis, skew } = self.states().await;
        let draining = self.lifecycle.is_draining();
        let revision = self.policy.snapshot().revision();
        let agrees = skew.is_some_and(|skew| self.clock.tolerates(skew));
        let following = self.policy.is_followed();
        let missing_secret_step = self.secret.missing_step();
        let usable = database == State::Up && agrees && following;
        let ready = usable && missing_secret_step.is_none() && !draining;
        let clock_skew_seconds = skew.map(TimeDelta::as_seconds_f64);
        Readiness {
            ready,
            database,
            redis,
            clock_skew_seconds,
            revision,
            following,
            missing_secret_step,
            draining,
        }
    }

    async fn states(self: &Arc<Self>) -> States {
        let this = Arc::clone(self);
        let look = async move {
            let ((database, skew), redis) = tokio::join!(this.database(), this.redis());
            States { database, redis, skew }
        };
        self.states.get_or(look).await
    }

    /// Asked on a new connection: those of the pool stay open after a password was replaced, or while
    /// PostgreSQL accepts no further ones. And requests may have taken all of them.
    async fn database(&self) -> (State, Option<TimeDelta>) {
        let asked = async {
            let mut connection = connect(self.database.options()).await?;
            let now = self.clock.unconfirmed().now();
            let status = status::read(&mut connection).await?;
            let skew = self.clock.compare(now, status.clock).skew;
            connection.close().await?;
            Ok::<_, sqlx::Error>((status, skew))
        };
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Ok((status, skew))) if status.is_writable() => (State::Up, Some(skew)),
            Ok(Ok((_, skew))) => (State::Unusable, Some(skew)),
            Ok(Err(_)) | Err(_) => (State::Down, None),
        }
    }

    async fn redis(&self) -> State {
        let Some(redis) = &self.redis else { return State::Off };
        match tokio::time::timeout(TIMEOUT, redis.connect(REDIS_TIMEOUT)).await {
            Ok(Ok(_)) => State::Up,
            Ok(Err(error)) if redis::is_answer(&error) => State::Unusable,
            Ok(Err(_)) | Err(_) => State::Down,
        }
    }
}

/// `GET /health/ready`.
pub(crate) struct ReadinessApi(pub Arc<Health>);

#[derive(ApiResponse)]
enum ReadyResponse {
    /// Requests can be answered.
    #[oai(status = 200)]
    Ready(Json<Readiness>),
    /// Requests cannot be answered; the body says what is missing.
    #[oai(status = 503)]
    NotReady(Json<Readiness>),
}

#[OpenApi(tag = "Tag::Operation")]
impl ReadinessApi {
    /// Check whether requests can be answered.
    ///
    /// For a load balancer. The states of the database and of Redis are at most a second old.
    #[oai(path = "/health/ready", method = "get", operation_id = "get_readiness")]
    async fn ready(&self) -> ReadyResponse {
        let readiness = self.0.readiness().await;
        if readiness.ready {
            ReadyResponse::Ready(Json(readiness))
        } else {
            ReadyResponse::NotReady(Json(readiness))
        }
    }
}
