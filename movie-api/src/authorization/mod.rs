//! What a caller may see: asked of auth-server, cached for guests.

mod client;
mod guest_filter;
mod last_filters;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::{Either, select};
use poem::http::HeaderValue;
use serde_json::value::RawValue;
use service::clock::Clock;
use service::metrics::Gauge;
use service::problem::Spec;
use std::sync::atomic::AtomicU64;
use uuid::Uuid;

use client::AuthServer;
pub(crate) use client::{Decision, DeletedUsers, Reason, TokenRefusal};
use guest_filter::GuestFilter;
use last_filters::LastFilters;

use crate::caller::{Caller, CallerKind};
use crate::catalogue::Document;
use crate::config::Config;
use crate::metrics::Metrics;

/// It is unknown what the caller may see.
pub(crate) const AUTHORIZATION_UNAVAILABLE: Spec = Spec::new(
    503,
    "authorization_unavailable",
    "auth-server is unavailable, and no guest filter is cached for this caller.",
);

/// Why it is unknown what the caller may see.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// auth-server refused the caller's token; its response is for the caller.
    #[error("auth-server refused the token")]
    TokenRefused(TokenRefusal),
    /// auth-server refuses movie-api itself, not the caller. Access fails closed.
    #[error(
        "auth-server refuses movie-api ({0}): check MOVIE_CLIENT_ID and MOVIE_CLIENT_SECRET, and that the \
         service client has the scopes `filter`, `evaluate` and, for favorites, `users:deleted`"
    )]
    ClientRefused(&'static str),
    /// auth-server cannot be reached, or answers with a server error.
    #[error("auth-server is unavailable: {0}")]
    Unavailable(String),
    /// auth-server did not answer in time.
    #[error("auth-server did not answer within MOVIE_AUTH_TIMEOUT_MS")]
    TimedOut,
    /// auth-server's response is invalid. Access fails closed.
    #[error("auth-server sent an invalid response: {0}")]
    InvalidResponse(String),
}

/// An Elasticsearch query that matches what the caller may read.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// The query, for the filter clause of a search.
    pub(crate) query: Arc<RawValue>,
    /// Age in seconds of a cached filter, used because auth-server is unavailable.
    pub(crate) stale: Option<u32>,
}

/// What a search found with the caller's filter.
pub(crate) struct Searched<T> {
    /// What it found.
    pub(crate) found: T,
    /// As in [`Admitted`].
    pub(crate) stale: Option<u32>,
}

/// Knows what callers may see.
pub(crate) struct Authorization {
    server: AuthServer,
    guest_filter: GuestFilter,
    last_filters: LastFilters,
    guest_filter_age: Gauge<f64, AtomicU64>,
    clock: Clock,
}

impl Authorization {
    /// # Errors
    /// The HTTP client cannot be built.
    pub(crate) fn new(
        config: &Config,
        credentials: Option<HeaderValue>,
        metrics: &Metrics,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            server: AuthServer::new(&config.auth, credentials, metrics.auth.clone())?,
            guest_filter: GuestFilter::new(config.guest_filter.max_age()),
            last_filters: LastFilters::default(),
            guest_filter_age: metrics.guest_filter_age.clone(),
            clock,
        })
    }

    /// Which films the caller may read.
    ///
    /// # Errors
    /// The token is refused, or auth-server is unavailable and no cached filter applies to the caller.
    async fn filter(&self, caller: &Caller) -> Result<Admitted, AuthError> {
        match caller.kind() {
            CallerKind::Guest => {
                self.guest_filter.get(&self.clock, self.server.filter(caller)).await
            }
            CallerKind::User => {
                let query = self.server.filter(caller).await?.query;
                self.last_filters.keep(caller, &query);
                Ok(Admitted { query, stale: None })
            }
        }
    }

    /// What `search` finds with the caller's filter. It begins with the filter that the caller had last,
    /// while auth-server is asked for the current one. What it found then counts only if the two are
    /// equal; otherwise it is repeated.
    ///
    /// # Errors
    /// As [`Self::filter`]; those of `search`.
    pub(crate) async fn search<T, E: From<AuthError>, S: Future<Output = Result<T, E>>>(
        &self,
        caller: &Caller,
        search: impl Fn(Arc<RawValue>) -> S,
    ) -> Result<Searched<T>, E> {
        let Some(last) = self.last_filter(caller) else {
            let Admitted { query, stale } = self.filter(caller).await?;
            return Ok(Searched { found: search(query).await?, stale });
        };
        let asked = Box::pin(self.filter(caller));
        let begun = Box::pin(search(Arc::clone(&last)));
        let (Admitted { query, stale }, begun) = match select(asked, begun).await {
            Either::Left((admitted, begun)) => (admitted?, Either::Left(begun)),
            Either::Right((found, asked)) => (asked.await?, Either::Right(found)),
        };
        let found = if query.get() == last.get() {
            match begun {
                Either::Left(begun) => begun.await?,
                Either::Right(found) => found?,
            }
        } else {
            // What it holds is free for the next one.
            drop(begun);
            search(query).await?
        };
        Ok(Searched { found, stale })
    }

    fn last_filter(&self, caller: &Caller) -> Option<Arc<RawValue>> {
        match caller.kind() {
            CallerKind::Guest => self.guest_filter.last(),
            CallerKind::User => self.last_filters.get(caller),
        }
    }

    /// auth-server's decision whether the caller may read this film, for its reason.
    ///
    /// # Errors
    /// The token is refused, or auth-server is unavailable.
    pub(crate) async fn check(
        &self,
        caller: &Caller,
        film: &Document,
    ) -> Result<Decision, AuthError> {
        self.server.check(caller, &film.id, film.access.as_ref()).await
    }

    /// The id of the user with the caller's token; a guest has none.
    ///
    /// # Errors
    /// The token is refused, or auth-server is unavailable.
    pub(crate) async fn user(&self, caller: &Caller) -> Result<Uuid, AuthError> {
        self.server.user(caller).await
    }

    /// A page of the accounts that were deleted after this time, or of all.
    ///
    /// # Errors
    /// auth-server refuses the service client, or is unavailable.
    pub(crate) async fn deleted_users(
        &self,
        after: Option<DateTime<Utc>>,
    ) -> Result<DeletedUsers, AuthError> {
        self.server.deleted_users(after).await
    }

    /// Fetches the guest filter, so that a recent one is cached.
    pub(crate) async fn refresh(&self) {
        let guest = Caller::guest();
        match self.guest_filter.refresh(&self.clock, self.server.filter(&guest)).await {
            Ok(()) => {}
            Err(error @ AuthError::ClientRefused(_)) => {
                tracing::error!(%error, "no film can be shown");
            }
            Err(error) => tracing::warn!(%error, "guest filter not refreshed"),
        }
        if let Some(age) = self.guest_filter.age(self.clock.now()) {
            self.guest_filter_age.set(age);
        }
    }

    /// Whether auth-server refuses movie-api itself, so that no film can be shown.
    pub(crate) fn is_refused(&self) -> bool {
        self.server.refuses_client()
    }
}
