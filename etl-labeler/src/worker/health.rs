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
    pub(super) states: Recent<States>,
}

/// What the last check found.
#[derive(Clone)]
pub(super) struct States {
    /// Whether the index exists, if Elasticsearch responds.
    index_exists: Option<bool>,
    /// How far the clock is ahead of PostgreSQL's, if that responds.
    skew: Option<TimeDelta>,
}

/// Whether films can be labelled, and what is missing.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct Readiness {
    /// Whether films can be labelled.
    ready: bool,
    /// Elasticsearch.
    elasticsearch: State,
    /// Whether the index of films exists. Missing while Elasticsearch does not respond.
    index_exists: Option<bool>,
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
        let check = async move {
            let (index_exists, skew) = tokio::join!(this.index_exists(), this.skew());
            States { index_exists, skew }
        };
        let States { index_exists, skew } = self.states.get_or(check).await;
        let agrees = skew.is_some_and(|skew| self.clock.tolerates(skew));
        let elasticsearch = if index_exists.is_some() { State::Up } else { State::Down };
        let database = if skew.is_some() { State::Up } else { State::Down };
        let ready = index_exists == Some(true) && agrees;
        let clock_skew_seconds = skew.map(TimeDelta::as_seconds_f64);
        let readiness =
            Json(Readiness { ready, elasticsearch, index_exists, database, clock_skew_seconds });
        if ready { ReadyResponse::Ready(readiness) } else { ReadyResponse::NotReady(readiness) }
    }
}

impl ReadinessApi {
    async fn index_exists(&self) -> Option<bool> {
        self.elastic.index_exists().await.ok()
    }

    async fn skew(&self) -> Option<TimeDelta> {
        Some(self.clock.read().await.ok()?.skew)
    }
}
