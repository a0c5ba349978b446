//! `GET /health/ready`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use service::health::{Recent, Tag};
use service::http::Reply;
use service::problem::{Problem, Spec};

use crate::authorization::{AUTHORIZATION_UNAVAILABLE, Authorization};
use crate::catalogue::{CATALOGUE_UNAVAILABLE, CATALOGUE_UNUSABLE, Catalogue, CatalogueError};

/// Seconds after which a caller may try again while a required service is unavailable.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 5;

/// Whether films can be listed.
#[derive(Clone)]
pub(crate) struct ReadinessApi {
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) ready: Recent<Option<Spec>>,
}

/// Whether requests can be answered.
#[derive(Serialize, Object)]
struct Readiness {
    /// Always true; otherwise the response is 503.
    ready: bool,
}

service::problems! {
    /// Why movie-api is not ready.
    enum ReadinessError includes [&[CATALOGUE_UNAVAILABLE, CATALOGUE_UNUSABLE, AUTHORIZATION_UNAVAILABLE]] {}
}

#[OpenApi(tag = "Tag::Operation")]
impl ReadinessApi {
    /// Check whether films can be listed.
    ///
    /// For a load balancer. The state of Elasticsearch and of the index's mapping is at most a second old. auth-server may be
    /// unavailable, as guests are then served, but it must not refuse movie-api's own credentials.
    #[oai(path = "/health/ready", method = "get", operation_id = "get_readiness")]
    async fn ready(&self) -> Result<Reply<Readiness>, ReadinessError> {
        if self.authorization.is_refused() {
            let problem = Problem::new(AUTHORIZATION_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS);
            return Err(problem.detail("auth-server refuses the credentials of movie-api.").into());
        }
        let this = self.clone();
        match self.ready.get_or(async move { this.check().await }).await {
            None => Ok(Reply(Readiness { ready: true })),
            Some(spec) => Err(Problem::new(spec).retry_after(RETRY_AFTER_SECONDS).into()),
        }
    }
}

impl ReadinessApi {
    /// What is wrong with the catalogue.
    async fn check(&self) -> Option<Spec> {
        match self.catalogue.check_lists().await {
            Ok(()) => None,
            Err(CatalogueError::Unusable) => Some(CATALOGUE_UNUSABLE),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                Some(CATALOGUE_UNAVAILABLE)
            }
        }
    }
}
