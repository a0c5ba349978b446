//! Connects everything and serves until stopped.

use std::sync::Arc;
use std::time::Duration;

use poem::error::ParsePathError;
use poem::http::{HeaderValue, Method, header};
use poem::middleware::{NormalizePath, TrailingSlash};
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Result};
use service::client_credentials::IncompleteCredentials;
use service::clock::Clock;
use service::docs::{self, ApiInfo};
use service::elasticsearch::ClientError;
use service::health::{LivenessApi, Recent};
use service::http::{ExactQuery, NoContent, Revalidate, RouteTable, pipeline};
use service::lifecycle::Lifecycle;
use service::server::{ListenError, Listener, Server};
use service::{build, ops, shutdown};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::accounts::{self, Accounts};
use crate::authorization::Authorization;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::database::{self, DatabaseError};
use crate::facets::{Facets, GetDirectorError, GetGenreError};
use crate::favorites::{DeletionFollower, Favorites};
use crate::health::ReadinessApi;
use crate::lists::{FullLists, Lists};
use crate::metrics::Metrics;
use crate::movies::{GetMovieError, Movies};
use crate::page;

/// The operations of the API.
type Api = (Movies, Facets, accounts::Api, Favorites, LivenessApi, ReadinessApi);

const INFO: ApiInfo = ApiInfo {
    title: "movie-api",
    description: "The films of a site, as far as the rules let the caller see them.",
    tags: &[],
    examples: include_str!("examples.toml"),
    sign_in: None,
};

/// Why the server cannot start, or stopped without being asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// An address cannot be bound.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Signals cannot be received.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The credentials of the service client are incomplete.
    #[error(transparent)]
    Credentials(#[from] IncompleteCredentials),
    /// The HTTP client for auth-server cannot be built.
    #[error("cannot build the client for auth-server: {0}")]
    Auth(#[from] reqwest::Error),
    /// The client for Elasticsearch cannot be built.
    #[error(transparent)]
    Elasticsearch(#[from] ClientError),
    /// The database can never be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Serves until SIGTERM or SIGINT, then finishes open requests.
///
/// # Errors
/// An address is in use, or a client cannot be built.
pub(crate) async fn run(config: &Config, clock: Clock) -> Result<(), ServeError> {
    let stop = shutdown::requested()?;
    let (metrics, lifecycle) = (Metrics::new(), Lifecycle::default());
    let credentials = config.auth.credentials()?;
    let authorization = Arc::new(Authorization::new(config, credentials, &metrics, clock.clone())?);
    let catalogue =
        Arc::new(Catalogue::new(config, lifecycle.tasks().clone(), clock.clone()).await?);
    let full = FullLists::new(config.lists.max_full(), lifecycle.tasks().clone());
    let lists = Arc::new(Lists { catalogue: Arc::clone(&catalogue), full });
    let readiness = ReadinessApi {
        authorization: Arc::clone(&authorization),
        catalogue: Arc::clone(&catalogue),
        ready: Recent::default(),
    };
    let facets = Facets { authorization: Arc::clone(&authorization), lists: Arc::clone(&lists) };
    let accounts = Accounts::new(
        &config.auth,
        metrics.auth.clone(),
        Arc::clone(&authorization),
        Arc::clone(&catalogue),
    )?;
    let movies = Movies {
        authorization: Arc::clone(&authorization),
        catalogue: Arc::clone(&catalogue),
        lists,
    };
    let pool = match &config.database.url {
        None => None,
        Some(url) => Some(database::open(url).await?),
    };
    if let Some(pool) = &pool {
        let (authorization, deletions) = (Arc::clone(&authorization), metrics.deletions.clone());
        let follower = DeletionFollower::new(authorization, pool, deletions, clock.clone());
        lifecycle.spawn("account deletions", follower.run(lifecycle.stop_token()));
    }
    let favorites = Favorites { movies: movies.clone(), pool, clock };

    let ops = match &config.server.ops_listen {
        None => None,
        Some(address) => {
            let health = (LivenessApi(lifecycle.clone()), readiness.clone());
            let endpoint = ops::endpoint(health, Arc::clone(&metrics.registry), async || {});
            Some(Listener::bind("MOVIE_OPS_LISTEN", address, endpoint).await?)
        }
    };
    let api =
        (movies, facets, accounts.api(), favorites, LivenessApi(lifecycle.clone()), readiness);
    let api =
        Listener::bind("MOVIE_LISTEN", &config.server.listen, endpoint(api, &metrics, config));
    let api = api.await?;
    tracing::info!(
        version = build::VERSION,
        commit = build::COMMIT,
        address = %api.address(),
        ops_address = ops.as_ref().map(|ops| tracing::field::display(ops.address())),
        auth = %config.auth.url,
        elasticsearch = %config.elasticsearch.url,
        index = %config.elasticsearch.index,
        "listening"
    );
    let refresh =
        keep_refreshing(authorization, config.guest_filter.refresh(), lifecycle.stop_token());
    lifecycle.spawn("guest filter refresh", refresh);
    let stopped = lifecycle.stop_token();
    lifecycle.spawn("mapping check", async move { catalogue.keep_checking(stopped).await });
    Server { api, ops, drain: config.server.drain(), lifecycle }.run(stop).await;
    Ok(())
}

fn endpoint(api: Api, metrics: &Metrics, config: &Config) -> impl Endpoint + use<> {
    let pages = [docs::PAGES, page::PATHS].concat();
    let routes = RouteTable::of::<Api>(&pages, &metrics.http);
    let api = page::with_page(docs::route(ExactQuery(api), INFO))
        .around(async |api, request| {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let response = api.call(request).await;
            match response {
                Err(error) if error.is::<ParsePathError>() => unknown_id(&method, uri.path()),
                response => response.map(IntoResponse::into_response),
            }
        })
        // `/movies/` is `/movies`: the OpenAPI service cannot tell them apart.
        .with(NormalizePath::new(TrailingSlash::Trim))
        .with(Revalidate);
    pipeline(api, routes, metrics.http.clone(), &config.server).after(for_this_caller)
}

/// Nothing has an id that is not UTF-8, and ids are the only path parameters.
fn unknown_id(method: &Method, path: &str) -> Result<Response> {
    Err(match path.split('/').nth(1) {
        // It is no favorite, which is all that was asked for.
        Some("favorites") if method == Method::DELETE => return Ok(NoContent.into_response()),
        Some("genres") => GetGenreError::GenreNotFound.problem(),
        Some("directors") => GetDirectorError::DirectorNotFound.problem(),
        _ => GetMovieError::FilmNotFound.problem(),
    }
    .into())
}

/// Responses depend on the caller, so no cache may give them to another one. What cannot be revalidated
/// is not stored at all.
async fn for_this_caller(response: Result<Response>) -> Result<Response> {
    let mut response = response?;
    let headers = response.headers_mut();
    if !headers.contains_key(header::ETAG) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, Origin"));
    Ok(response)
}

async fn keep_refreshing(
    authorization: Arc<Authorization>,
    period: Duration,
    stop: CancellationToken,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => authorization.refresh().await,
        }
    }
}
