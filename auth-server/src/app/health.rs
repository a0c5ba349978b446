//! Readiness of this server.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use service::health::{Recent, State, Tag};
use service::lifecycle::Lifecycle;

use crate::db::PgPool;
use crate::metrics::Metrics;
use crate::policy::LivePolicy;

/// Timeout of each check.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The dependencies to check.
pub(crate) struct Health {
    pool: PgPool,
    policy: Arc<LivePolicy>,
    redis: Option<redis::Client>,
    lifecycle: Lifecycle,
    states: Recent<(State, State)>,
}

/// Whether the server can answer requests.
#[derive(Clone, Debug, Object)]
struct Readiness {
    /// Whether a load balancer should send requests to this server.
    ready: bool,
    /// PostgreSQL; required.
    database: State,
    /// Redis; without it revocations reach other servers more slowly.
    redis: State,
    /// Policy revision of this server.
    revision: i64,
    /// Whether the server is shutting down and finishing open requests.
    draining: bool,
}

impl Health {
    /// Checks these.
    #[must_use]
    pub(crate) fn new(
        pool: PgPool,
        policy: Arc<LivePolicy>,
        redis: Option<redis::Client>,
        lifecycle: Lifecycle,
    ) -> Self {
        Self { pool, policy, redis, lifecycle, states: Recent::default() }
    }

    /// Brings the metrics that are states, not counts, up to date.
    pub(crate) async fn measure(&self, metrics: &Metrics) {
        let (database, redis) = self.states().await;
        metrics.policy_revision.set(self.policy.snapshot().revision());
        metrics.database_up.set((database == State::Up).into());
        metrics.redis_up.set((redis == State::Up).into());
        metrics.database_connections.set(self.pool.size().into());
    }

    async fn readiness(&self) -> Readiness {
        let (database, redis) = self.states().await;
        let draining = self.lifecycle.is_draining();
        let revision = self.policy.snapshot().revision();
        let ready = database == State::Up && !draining;
        Readiness { ready, database, redis, revision, draining }
    }

    /// The states of the database and of Redis.
    async fn states(&self) -> (State, State) {
        self.states.get_or(async { tokio::join!(self.database(), self.redis()) }).await
    }

    async fn database(&self) -> State {
        let asked = sqlx::query_scalar!("SELECT 1").fetch_one(&self.pool);
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Ok(_)) => State::Up,
            _ => State::Down,
        }
    }

    async fn redis(&self) -> State {
        let Some(client) = &self.redis else { return State::Off };
        let ping = async {
            let mut connection = client.get_multiplexed_async_connection().await?;
            redis::cmd("PING").query_async::<String>(&mut connection).await
        };
        match tokio::time::timeout(TIMEOUT, ping).await {
            Ok(Ok(_)) => State::Up,
            _ => State::Down,
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
