//! `GET /health/ready`

use chrono::TimeDelta;
use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json};
use service::{
    database::AgreedClock,
    health::{Recent, State, Tag},
};

use crate::elastic::Elastic;

/// What `run` needs.
#[derive(Clone)]
pub(super) struct ReadinessApi {
    pub(super) elastic: Elastic,
    pub(super) clock: AgreedClock,
    pub(super) states: Recent<(State, Option<TimeDelta>)>,
}

/// Whether films can be labelled, and what is missing.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct Readiness {
    /// Whether films can be labelled.
    ready: bool,
    /// Elasticsearch and the index of films.
    elasticsearch: State,
    /// PostgreSQL, for the jobs.
    database: State,
    /// How far the clock of this machine is ahead of PostgreSQL's, in seconds; negative if it is behind.
    /// Beyond 30 s no film is labelled. Missing while PostgreSQL does not respond.
    clock_skew_seconds: Option<f64>,
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
        let this = self.clone();
        let check = async move { tokio::join!(this.elasticsearch(), this.skew()) };
        let (elasticsearch, skew) = self.states.get_or(check).await;
        let agrees = skew.is_some_and(|skew| self.clock.tolerates(skew));
        let database = if skew.is_some() { State::Up } else { State::Down };
        let ready = elasticsearch == State::Up && agrees;
        let clock_skew_seconds = skew.map(TimeDelta::as_seconds_f64);
        let readiness = Json(Readiness { ready, elasticsearch, database, clock_skew_seconds });
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

    async fn skew(&self) -> Option<TimeDelta> {
        Some(self.clock.read().await.ok()?.skew)
    }
}
