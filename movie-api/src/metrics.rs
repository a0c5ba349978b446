//! Metrics.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use service::metrics::{Counter, EncodeLabelSet, Family, Gauge, HttpMetrics, Registry};

/// Everything that movie-api counts. Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Requests and how long they took.
    pub(crate) http: HttpMetrics,
    /// Requests to auth-server.
    pub(crate) auth: AuthMetrics,
    /// Seconds since the cached guest filter was requested.
    pub(crate) guest_filter_age: Gauge<f64, AtomicU64>,
    /// What `/metrics` shows.
    pub(crate) registry: Arc<Registry>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("movie");
        let http = HttpMetrics::register(&mut registry);
        let auth = AuthMetrics::default();
        registry.register("auth_requests", "Requests to auth-server by outcome", auth.0.clone());
        let guest_filter_age = Gauge::default();
        registry.register(
            "guest_filter_age_seconds",
            "Time since the cached guest filter was requested",
            guest_filter_age.clone(),
        );
        Self { http, auth, guest_filter_age, registry: Arc::new(registry) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AuthRequest {
    endpoint: &'static str,
    outcome: &'static str,
}

/// Requests to auth-server.
#[derive(Clone, Default)]
pub(crate) struct AuthMetrics(Family<AuthRequest, Counter>);

impl AuthMetrics {
    /// Counts a request to `endpoint` (`check`, `filter`).
    pub(crate) fn completed(&self, endpoint: &'static str, outcome: &'static str) {
        self.0.get_or_create(&AuthRequest { endpoint, outcome }).inc();
    }
}
