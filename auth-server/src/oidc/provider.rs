//! An identity provider, with its metadata and keys, which are cached for some time.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::url::Url;
use openidconnect::{
    AdditionalProviderMetadata, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    ProviderMetadata, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};

use super::http_client::{HttpClient, HttpError};
use super::provider_config::{OidcError, ProviderConfig};
use super::{IdentityError, UNAVAILABLE};
use crate::clock::Clock;
use crate::http::problem::Problem;

/// Metadata and keys are fetched again after this long.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);
/// If they cannot be fetched, the cached ones are used for this long.
const MAX_STALE_AGE: TimeDelta = TimeDelta::hours(24);
/// Pause after a failed fetch.
const RETRY_DELAY: TimeDelta = TimeDelta::seconds(5);
/// Minimum time between two fetches of the keys because of a token that the known ones do not verify.
const KEY_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(30);
/// Maximum number of logins that wait for this provider at a time.
const MAX_CONCURRENT_LOGINS: usize = 64;

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

/// The metadata that RFC 9207 adds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rfc9207 {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Rfc9207 {}

type Metadata = ProviderMetadata<
    Rfc9207,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Client of the provider, with its endpoints.
pub(crate) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Metadata and keys of a provider.
pub(crate) struct Discovery {
    metadata: Metadata,
    fetched_at: DateTime<Utc>,
}

impl Discovery {
    /// The published keys.
    pub(super) fn keys(&self) -> &CoreJsonWebKeySet {
        self.metadata.jwks()
    }

    pub(super) fn token_endpoint(&self) -> Option<&Url> {
        self.metadata.token_endpoint().map(TokenUrl::url)
    }

    pub(super) fn user_info_endpoint(&self) -> Option<&Url> {
        self.metadata.userinfo_endpoint().map(UserInfoUrl::url)
    }

    /// Whether the token endpoint authenticates clients by HTTP Basic.
    pub(super) fn accepts_basic(&self) -> bool {
        let offered = self.metadata.token_endpoint_auth_methods_supported();
        offered.is_none_or(|offered| offered.contains(&CoreClientAuthMethod::ClientSecretBasic))
    }
}

/// An identity provider.
pub(crate) struct Provider {
    pub(crate) config: ProviderConfig,
    pub(crate) http: HttpClient,
    pub(crate) clock: Clock,
    /// Bounds what a provider that does not respond can hold.
    pub(crate) concurrent_logins: Semaphore,
    cached: ArcSwapOption<Discovery>,
    /// Held during a fetch: concurrent logins wait for its result.
    last_fetches: Mutex<LastFetches>,
}

#[derive(Default)]
struct LastFetches {
    /// Of the metadata, with the keys.
    metadata: Option<DateTime<Utc>>,
    /// Of the keys alone, because of a token that the known ones do not verify.
    keys: Option<DateTime<Utc>>,
}

impl Provider {
    pub(crate) fn new(config: ProviderConfig, clock: Clock) -> Result<Self, OidcError> {
        let http = HttpClient::new(config.issuer.url())
            .map_err(|reason| OidcError { name: config.name.clone(), reason })?;
        Ok(Self {
            config,
            http,
            clock,
            concurrent_logins: Semaphore::new(MAX_CONCURRENT_LOGINS),
            cached: ArcSwapOption::empty(),
            last_fetches: Mutex::default(),
        })
    }

    /// Name in paths.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// The path that starts a login, as browsers see it.
    pub(crate) fn start_path(&self) -> String {
        format!("{}/start", self.config.cookie_path)
    }

    /// Display name.
    #[must_use]
    pub(crate) fn title(&self) -> &str {
        &self.config.title
    }

    /// Issuer identifier.
    #[must_use]
    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Rejects a callback that names another issuer, or none although the provider always sends
    /// `iss` (RFC 9207): it would mix up two providers.
    pub(crate) async fn check_issuer(
        self: &Arc<Self>,
        iss: Option<&str>,
    ) -> Result<(), IdentityError> {
        let discovery = self.discovery().await?;
        let extension = discovery.metadata.additional_metadata();
        let required = extension.authorization_response_iss_parameter_supported;
        if iss.map_or(!required, |iss| iss == self.issuer()) {
            return Ok(());
        }
        Err(self.invalid_answer("the callback is from another issuer"))
    }

    /// A client for the discovered endpoints.
    pub(crate) fn client(&self, discovery: &Discovery) -> Client {
        let ProviderConfig { client_id, redirect_uri, .. } = &self.config;
        let metadata = discovery.metadata.clone();
        CoreClient::from_provider_metadata(metadata, client_id.clone(), None)
            .set_redirect_uri(redirect_uri.clone())
    }

    /// Metadata and keys, fetched if the cached ones are too old. The fetch is a task of its own: a
    /// client that disconnects does not cancel it for the others.
    ///
    /// # Errors
    /// [`UNAVAILABLE`].
    pub(crate) async fn discovery(self: &Arc<Self>) -> Result<Arc<Discovery>, Problem> {
        if let Some(discovery) = self.younger_than(MAX_AGE) {
            return Ok(discovery);
        }
        let provider = Arc::clone(self);
        let discovery = tokio::spawn(async move { provider.fetch_discovery().await }).await?;
        discovery.ok_or_else(|| Problem::new(UNAVAILABLE).retry_after(5))
    }

    /// Metadata with other keys than `seen` has; none if the keys were fetched a moment ago.
    pub(crate) async fn newer_keys(
        self: &Arc<Self>,
        seen: &Arc<Discovery>,
    ) -> Result<Option<Arc<Discovery>>, Problem> {
        let (provider, seen) = (Arc::clone(self), Arc::clone(seen));
        Ok(tokio::spawn(async move { provider.fetch_keys(&seen).await }).await?)
    }

    fn younger_than(&self, age: TimeDelta) -> Option<Arc<Discovery>> {
        let cached = self.cached.load_full();
        cached.filter(|cached| self.clock.now() - cached.fetched_at < age)
    }

    async fn fetch_discovery(&self) -> Option<Arc<Discovery>> {
        let mut last = self.last_fetches.lock().await;
        if let Some(discovery) = self.younger_than(MAX_AGE) {
            return Some(discovery);
        }
        let now = self.clock.now();
        if last.metadata.is_some_and(|at| now - at < RETRY_DELAY) {
            return self.younger_than(MAX_STALE_AGE);
        }
        let fetched = self.fetch_metadata().await;
        // The pause starts at the end of the fetch: those who waited for it must not repeat it.
        last.metadata = Some(self.clock.now());
        match fetched {
            Ok(metadata) => Some(self.cache(Discovery { metadata, fetched_at: now })),
            Err(reason) => {
                tracing::warn!(provider = self.name(), reason, "identity provider unavailable");
                self.younger_than(MAX_STALE_AGE)
            }
        }
    }

    async fn fetch_keys(&self, seen: &Arc<Discovery>) -> Option<Arc<Discovery>> {
        let mut last = self.last_fetches.lock().await;
        let cached = self.cached.load_full()?;
        if !Arc::ptr_eq(&cached, seen) {
            return Some(cached);
        }
        let now = self.clock.now();
        if last.keys.is_some_and(|at| now - at < KEY_FETCH_INTERVAL) {
            return None;
        }
        last.keys = Some(now);
        let (metadata, fetched_at) = (cached.metadata.clone(), cached.fetched_at);
        match CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.http).await {
            Ok(keys) => {
                Some(self.cache(Discovery { metadata: metadata.set_jwks(keys), fetched_at }))
            }
            Err(error) => {
                let reason = reason(&error);
                tracing::warn!(provider = self.name(), reason, "keys of the provider unavailable");
                None
            }
        }
    }

    fn cache(&self, discovery: Discovery) -> Arc<Discovery> {
        let discovery = Arc::new(discovery);
        self.cached.store(Some(Arc::clone(&discovery)));
        discovery
    }

    /// Fetches metadata and keys once, and keeps nothing.
    ///
    /// # Errors
    /// The reason why the provider cannot be used.
    pub(crate) async fn check(&self) -> Result<(), String> {
        self.fetch_metadata().await.map(drop)
    }

    async fn fetch_metadata(&self) -> Result<Metadata, String> {
        let issuer = self.config.issuer.clone();
        let metadata = Metadata::discover_async(issuer, &self.http).await;
        let metadata = metadata.map_err(|error| reason(&error))?;
        if !self.http.may_connect_to(metadata.authorization_endpoint().url()) {
            return Err(HttpError::Insecure.to_string());
        }
        Ok(metadata)
    }
}

/// Why a fetch failed, without anything from the provider's response.
fn reason(error: &DiscoveryError<HttpError>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Response(status, ..) => {
            format!("a response is not JSON, or has status {}", status.as_u16())
        }
        DiscoveryError::Validation(_) => "the metadata names another issuer".into(),
        _ => "a response is unreadable".into(),
    }
}
