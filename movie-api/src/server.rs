//! Puts the parts together and serves them until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};
use poem::endpoint::make_sync;
use poem::listener::TcpAcceptor;
use poem::middleware::{NormalizePath, TrailingSlash};
use poem::{Endpoint, EndpointExt, Response, Route, Server};
use poem_openapi::OpenApiService;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::authorization::Authorization;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::config::Config;
use crate::http::{cors, for_this_caller_only, observe, problem_of};
use crate::movies::Movies;
use crate::ops::{self, Health};

/// How long open requests may take to finish once the server was told to stop. Longer than both
/// servers behind this one are waited for by default.
const DRAIN: Duration = Duration::from_secs(10);

/// Upper bounds of the histogram of answer times. The last are the default waits for the servers
/// behind this one.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 5.0];

/// Why the server can't start or stopped by itself.
#[derive(Debug, Error)]
pub enum ServeError {
    /// An address can't be listened on.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The process can't be told about signals, or a listener broke.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The client for auth-server can't be built.
    #[error("can't make a client for auth-server: {0}")]
    Auth(#[from] reqwest::Error),
    /// The client for Elasticsearch can't be built.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Metrics can't be collected.
    #[error("can't collect metrics: {0}")]
    Metrics(#[from] BuildError),
}

/// Serves until SIGTERM or SIGINT, then lets open requests finish.
///
/// # Errors
/// An address is taken, or a client can't be built.
pub async fn run(config: &Config) -> Result<(), ServeError> {
    let metrics = PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?;
    let authorization = Arc::new(Authorization::new(config)?);
    let health = Health { catalogue: Arc::new(Catalogue::new(config)?) };
    let movies = Movies {
        authorization: Arc::clone(&authorization),
        catalogue: Arc::clone(&health.catalogue),
    };
    let api = listen(config.listen).await?;
    let ops = listen(config.ops_listen).await?;
    tracing::info!(address = %ops.local_addr()?, "listening for operators");
    tracing::info!(address = %api.local_addr()?, "listening");

    let stop = stop_on_signal()?;
    let refresh = tokio::spawn(keep_refreshing(authorization, config.guest_filter_refresh()));
    let (api, ops) = tokio::join!(
        serve(api, routes(movies, health.clone(), config), &stop),
        serve(ops, ops::routes(health, metrics), &stop),
    );
    refresh.abort();
    api.and(ops)?;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Listen(address, error))
}

async fn serve(
    listener: TcpListener,
    endpoint: impl Endpoint + 'static,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    server.run_with_graceful_shutdown(endpoint, stop.cancelled(), Some(DRAIN)).await
}

fn routes(
    movies: Movies,
    health: Health,
    config: &Config,
) -> impl Endpoint<Output = Response> + use<> {
    let service = OpenApiService::new((movies, health), "movie-api", env!("CARGO_PKG_VERSION"))
        .description("The films of a site, as far as the rules let the caller see them.");
    let (page, specification) = (service.swagger_ui(), service.spec());
    let specification = make_sync(move |_| {
        Response::builder().content_type("application/json").body(specification.clone())
    });
    let routes = Route::new()
        .nest("/", service)
        .nest("/docs", page)
        .at("/openapi.json", poem::get(specification))
        // `/movies/` is `/movies`: the OpenAPI service can't tell them apart.
        .with(NormalizePath::new(TrailingSlash::Trim))
        .catch_all_error(problem_of)
        .with(for_this_caller_only());
    cors(routes, &config.cors_origins).around(observe)
}

fn stop_on_signal() -> std::io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: open requests are finished");
        told.cancel();
    });
    Ok(stop)
}

async fn keep_refreshing(authorization: Arc<Authorization>, period: Duration) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        authorization.refresh().await;
    }
}
