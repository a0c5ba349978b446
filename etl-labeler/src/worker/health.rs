//! `GET /health/ready`

use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json};
use service::health::{Recent, State, Tag};
use sqlx::PgPool;

use crate::elastic::Elastic;

/// What `run` needs.
pub(super) struct ReadinessApi {
    pub(super) elastic: Elastic,
    pub(super) pool: PgPool,
    pub(super) states: Recent<(State, State)>,
}

/// Whether films can be labelled, and what is missing.
#[derive(Debug, Object)]
struct Readiness {
    /// Whether films can be labelled.
    ready: bool,
    /// Elasticsearch and the index of films.
    elasticsearch: State,
    /// PostgreSQL, for the jobs.
    database: State,
}

#[derive(ApiResponse)]
enum ReadyResponse {
    /// Films can be labelled.
    #[oai(status = 200)]
    Ready(Json<Readiness>),
    /// Films cannot be labelled; the body says what is missing.
    #[oai(status = 503)]
    NotReady(Json<Readiness>),
}

#[OpenApi(tag = "Tag::Operation")]
impl ReadinessApi {
    /// Check whether films can be labelled.
    ///
    /// The states of Elasticsearch and PostgreSQL are at most a second old.
    #[oai(path = "/health/ready", method = "get", operation_id = "get_readiness")]
    async fn ready(&self) -> ReadyResponse {
        let check = async { tokio::join!(self.elasticsearch(), self.database()) };
        let (elasticsearch, database) = self.states.get_or(check).await;
        let ready = elasticsearch == State::Up && database == State::Up;
        let readiness = Json(Readiness { ready, elasticsearch, database });
        if ready { ReadyResponse::Ready(readiness) } else { ReadyResponse::NotReady(readiness) }
    }
}

impl ReadinessApi {
    async fn elasticsearch(&self) -> State {
        match self.elastic.index_exists().await {
            Ok(true) => State::Up,
            Ok(false) | Err(_) => State::Down,
        }
    }

    async fn database(&self) -> State {
        match sqlx::query("SELECT 1").execute(&self.pool).await {
            Ok(_) => State::Up,
            Err(_) => State::Down,
        }
    }
}
