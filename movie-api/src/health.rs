//! `GET /health/ready`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use service::health::Tag;
use service::http::Reply;
use service::problem::Problem;

use crate::catalogue::{CATALOGUE_UNAVAILABLE, Catalogue};

/// Seconds after which a caller may try again while a required service is unavailable.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 5;

/// Whether films can be listed.
#[derive(Clone)]
pub(crate) struct ReadinessApi {
    pub(crate) catalogue: Arc<Catalogue>,
}

/// Whether requests can be answered.
#[derive(Serialize, Object)]
struct Readiness {
    /// Always true; otherwise the response is 503.
    ready: bool,
}

service::problems! {
    /// Why movie-api is not ready.
    enum ReadinessError includes [&[CATALOGUE_UNAVAILABLE]] {}
}

#[OpenApi(tag = "Tag::Operation")]
impl ReadinessApi {
    /// Check whether films can be listed.
    ///
    /// For a load balancer. Asks Elasticsearch each time, but not auth-server: guests are served while
    /// that is unavailable.
    #[oai(path = "/health/ready", method = "get", operation_id = "get_readiness")]
    async fn ready(&self) -> Result<Reply<Readiness>, ReadinessError> {
        match self.catalogue.ready().await {
            Ok(()) => Ok(Reply(Readiness { ready: true })),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                let problem = Problem::new(CATALOGUE_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS);
                Err(problem.into())
            }
        }
    }
}
