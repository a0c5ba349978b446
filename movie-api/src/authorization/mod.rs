//! What a caller may see: asked of auth-server, remembered for guests.

mod client;
mod guest;

use chrono::{DateTime, Utc};
use serde_json::Value;

use client::{AuthServer, Filter};
pub use client::{Decision, Relayed};
use guest::GuestFilter;

use crate::caller::Caller;
use crate::catalogue::Document;
use crate::clock;
use crate::config::Config;
use crate::http::RequestId;
use crate::problem::Asker;

/// Why nobody could say what the caller may see.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// auth-server refused the caller's token; its answer is for the caller.
    #[error("auth-server refused the token")]
    Rejected(Relayed),
    /// auth-server can't be reached, or is in trouble itself.
    #[error("auth-server is away: {0}")]
    Away(String),
    /// auth-server answered something that can't be used. Then nothing is opened.
    #[error("auth-server gave an answer that can't be used: {0}")]
    Unusable(String),
}

/// An Elasticsearch query that admits what the caller may read.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The query, for the filter clause of a search.
    pub query: Value,
    /// Seconds since auth-server gave it, when it is a kept one because auth-server is away.
    pub stale: Option<u32>,
}

/// What is known about one film and one caller.
pub enum Verdict {
    /// auth-server decided.
    Decided(Decision),
    /// auth-server is away: a film is open to this guest if this still admits it.
    Kept(Admitted),
}

/// Answers what callers may see.
pub struct Authorization {
    server: AuthServer,
    guest: GuestFilter,
}

impl Authorization {
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let server = AuthServer::new(&config.auth_url, config.auth_timeout())?;
        Ok(Self { server, guest: GuestFilter::new(config.guest_filter_max_age()) })
    }

    /// Which films the caller may read.
    ///
    /// # Errors
    /// The token is refused, or auth-server is away and nothing kept answers for this caller.
    pub async fn filter(&self, caller: &Caller) -> Result<Admitted, AuthError> {
        let asked_at = clock::now();
        match self.server.filter(caller).await {
            Ok(filter) => {
                let query = filter.query();
                if caller.asker() == Asker::Guest {
                    self.guest.keep(filter, asked_at);
                }
                Ok(Admitted { query, stale: None })
            }
            Err(error) => self.kept_for(caller, error, clock::now()),
        }
    }

    /// Whether the caller may read this film.
    ///
    /// # Errors
    /// As [`Authorization::filter`].
    pub async fn check(&self, caller: &Caller, film: &Document) -> Result<Verdict, AuthError> {
        match self.server.check(caller, &film.id, film.access.as_ref()).await {
            Ok(decision) => Ok(Verdict::Decided(decision)),
            Err(error) => self.kept_for(caller, error, clock::now()).map(Verdict::Kept),
        }
    }

    /// Whether auth-server takes the caller's token; a guest has none to be refused.
    ///
    /// # Errors
    /// As [`Authorization::filter`].
    pub async fn verify(&self, caller: &Caller) -> Result<(), AuthError> {
        match caller.asker() {
            Asker::Guest => Ok(()),
            Asker::User => self.server.filter(caller).await.map(drop),
        }
    }

    /// Fetches the guest's filter again, so that a recent one is at hand.
    pub async fn refresh(&self) {
        let asked_at = clock::now();
        match self.server.filter(&Caller::guest(RequestId::default())).await {
            Ok(filter) => self.guest.keep(filter, asked_at),
            Err(error) => tracing::warn!(%error, "guest filter not refreshed"),
        }
        if let Some(age) = self.guest.age(clock::now()) {
            metrics::gauge!("movie_guest_filter_age_seconds").set(age);
        }
    }

    /// A guest is served from the kept filter while auth-server is away; nobody else is.
    fn kept_for(
        &self,
        caller: &Caller,
        error: AuthError,
        now: DateTime<Utc>,
    ) -> Result<Admitted, AuthError> {
        match (&error, caller.asker()) {
            (AuthError::Away(_), Asker::Guest) => self.guest.admitted(now).ok_or(error),
            _ => Err(error),
        }
    }
}
