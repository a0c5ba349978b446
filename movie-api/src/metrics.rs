//! Metrics.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::TimeDelta;
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
    /// Deletions of accounts.
    pub(crate) deletions: DeletionMetrics,
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
        let deletions = DeletionMetrics::register(&mut registry);
        Self { http, auth, guest_filter_age, deletions, registry: Arc::new(registry) }
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
    /// Counts a request to `endpoint` (`check`, `filter`, `me`, `users/deleted`).
    pub(crate) fn completed(&self, endpoint: &'static str, outcome: &'static str) {
        self.0.get_or_create(&AuthRequest { endpoint, outcome }).inc();
    }
}

/// How deletions of accounts are followed.
#[derive(Clone, Default)]
pub(crate) struct DeletionMetrics {
    deleted_favorites: Counter,
    age: Gauge<f64, AtomicU64>,
}

impl DeletionMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "deleted_favorites",
            "Favorites that were deleted with the account of their user",
            metrics.deleted_favorites.clone(),
        );
        registry.register(
            "account_deletions_age_seconds",
            "Time since all deletions of accounts were applied",
            metrics.age.clone(),
        );
        metrics
    }

    /// Counts favorites that were deleted with an account.
    pub(crate) fn deleted(&self, favorites: u64) {
        self.deleted_favorites.inc_by(favorites);
    }

    /// Shows the time since all deletions were applied.
    pub(crate) fn set_age(&self, age: TimeDelta) {
        self.age.set(age.as_seconds_f64());
    }
}
