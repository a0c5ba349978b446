//! Health and metrics.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use poem::endpoint::make_sync;
use poem::{Endpoint, EndpointExt, Route};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi, OpenApiService, Tags};

use crate::catalogue::Catalogue;
use crate::http::problem_of;
use crate::problem::{Code, Problem, RETRY_AFTER_SECONDS};

#[derive(Tags)]
enum Tag {
    /// For whoever runs the server.
    Health,
}

/// The part of the API that is about the server itself.
#[derive(Clone)]
pub struct Health {
    pub catalogue: Arc<Catalogue>,
}

/// State of the server.
#[derive(Object)]
struct State {
    /// Always `ok`.
    status: String,
}

impl State {
    fn ok() -> Json<Self> {
        Json(Self { status: "ok".into() })
    }
}

#[derive(ApiResponse)]
enum Live {
    /// The process answers.
    #[oai(status = 200)]
    Ok(Json<State>),
}

#[derive(ApiResponse)]
enum Ready {
    /// Films can be listed. auth-server is not asked: guests are served while it is away.
    #[oai(status = 200)]
    Ok(Json<State>),
    /// - `catalogue_unavailable`: Elasticsearch is away, or there is no index of films.
    #[oai(status = 503, content_type = "application/problem+json")]
    Away(
        Json<Problem>,
        /// Seconds to wait.
        #[oai(header = "Retry-After")]
        u32,
    ),
}

#[OpenApi(tag = "Tag::Health")]
impl Health {
    /// Is the process alive?
    #[oai(path = "/health/live", method = "get", operation_id = "live")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn live(&self) -> Live {
        Live::Ok(State::ok())
    }

    /// Can films be listed?
    #[oai(path = "/health/ready", method = "get", operation_id = "ready")]
    async fn ready(&self) -> Ready {
        match self.catalogue.ready().await {
            Ok(()) => Ready::Ok(State::ok()),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                let problem =
                    Problem::new(Code::CatalogueUnavailable, "The index of films can't be asked.");
                Ready::Away(Json(problem), RETRY_AFTER_SECONDS)
            }
        }
    }
}

/// What operators reach on their own port: `/metrics` and the health paths.
pub fn routes(health: Health, metrics: PrometheusHandle) -> impl Endpoint {
    let render = make_sync(move |_| {
        metrics.run_upkeep();
        metrics.render()
    });
    Route::new()
        .at("/metrics", poem::get(render))
        .nest("/", OpenApiService::new(health, "movie-api", ""))
        .catch_all_error(problem_of)
}
