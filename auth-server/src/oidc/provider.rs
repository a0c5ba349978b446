//! What is known about a provider: its metadata and its keys, for a while.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, DiscoveryError, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};

use super::UNAVAILABLE;
use super::file::{OidcError, ProviderConfig};
use super::web::{Web, WebError};
use crate::clock::Clock;
use crate::http::problem::Problem;

/// Metadata and keys are asked for again after this long.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// While they can't be, the old ones are good for this long.
const GOOD: TimeDelta = TimeDelta::hours(24);
/// Pause after a failed try to get them.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// Shortest time between two fetches of the keys for a token whose key is unknown.
const KEY_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// Sign-ins that wait for this provider at a time.
const AT_ONCE: usize = 64;

/// What RFC 9207 adds to the metadata.
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

/// What speaks to the provider in our name.
pub(crate) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a provider said about itself.
pub(crate) struct Known {
    metadata: Metadata,
    at: DateTime<Utc>,
    keys_at: DateTime<Utc>,
}

/// One provider.
pub(crate) struct Provider {
    pub(crate) config: ProviderConfig,
    pub(crate) web: Web,
    pub(crate) clock: Clock,
    /// Bounds what a provider that hangs can hold.
    pub(crate) places: Semaphore,
    known: ArcSwapOption<Known>,
    /// One asks at a time, the others wait for what it learns. When it was last tried.
    asked_at: Mutex<Option<DateTime<Utc>>>,
}

impl Provider {
    pub(crate) fn new(config: ProviderConfig, clock: Clock) -> Result<Self, OidcError> {
        let web = Web::of(config.issuer.url());
        let web = web.map_err(|why| OidcError::Provider(config.name.clone(), why))?;
        let (known, asked_at) = (ArcSwapOption::empty(), Mutex::default());
        Ok(Self { config, web, clock, places: Semaphore::new(AT_ONCE), known, asked_at })
    }

    /// Its name in paths.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// Its name for people.
    #[must_use]
    pub(crate) fn title(&self) -> &str {
        &self.config.title
    }

    /// What it calls itself in tokens.
    #[must_use]
    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// True where the answer that a browser brought names this provider as RFC 9207 wants it, which
    /// tells one provider's answer from another's.
    ///
    /// # Errors
    /// [`crate::oidc::UNAVAILABLE`].
    pub(crate) async fn is_named(self: &Arc<Self>, iss: Option<&str>) -> Result<bool, Problem> {
        let metadata = &self.known().await?.metadata;
        let needed = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        Ok(iss.map_or(!needed, |iss| iss == self.issuer()))
    }

    /// What speaks to the provider, by what is known about it.
    pub(crate) fn client(&self, known: &Known) -> Client {
        let ProviderConfig { client_id, secret, redirect_uri, .. } = &self.config;
        let metadata = known.metadata.clone();
        let offered = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| offered.is_none_or(|offered| offered.contains(&method));
        let auth_type = if takes(CoreClientAuthMethod::ClientSecretBasic) {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        };
        CoreClient::from_provider_metadata(metadata, client_id.clone(), secret.clone())
            .set_auth_type(auth_type)
            .set_redirect_uri(redirect_uri.clone())
    }

    /// What the provider says about itself, asked for where that was too long ago. In a task of its
    /// own: whoever goes away while it is asked doesn't stop it for the others.
    pub(crate) async fn known(self: &Arc<Self>) -> Result<Arc<Known>, Problem> {
        if let Some(known) = self.younger_than(FRESH) {
            return Ok(known);
        }
        let provider = Arc::clone(self);
        let known = tokio::spawn(async move { provider.learn().await }).await;
        known.ok().flatten().ok_or_else(|| Problem::new(UNAVAILABLE).retry_after(5))
    }

    /// What is known by other keys than those of `seen`, asked for where that was too long ago.
    pub(crate) async fn other_keys(self: &Arc<Self>, seen: &Arc<Known>) -> Option<Arc<Known>> {
        let (provider, seen) = (Arc::clone(self), Arc::clone(seen));
        tokio::spawn(async move { provider.learn_keys(&seen).await }).await.ok().flatten()
    }

    fn younger_than(&self, age: TimeDelta) -> Option<Arc<Known>> {
        self.known.load_full().filter(|known| self.clock.now() - known.at < age)
    }

    async fn learn(&self) -> Option<Arc<Known>> {
        let mut asked_at = self.asked_at.lock().await;
        if let Some(known) = self.younger_than(FRESH) {
            return Some(known);
        }
        let now = self.clock.now();
        if asked_at.is_some_and(|at| now - at < PAUSE) {
            return self.younger_than(GOOD);
        }
        let fetched = self.fetch().await;
        // From its end on, or those who waited for it would all wait for another one.
        *asked_at = Some(self.clock.now());
        match fetched {
            Ok(metadata) => Some(self.keep(Known { metadata, at: now, keys_at: now })),
            Err(why) => {
                tracing::warn!(provider = self.name(), why, "a provider can't be asked");
                self.younger_than(GOOD)
            }
        }
    }

    async fn learn_keys(&self, seen: &Arc<Known>) -> Option<Arc<Known>> {
        let _one_at_a_time = self.asked_at.lock().await;
        let known = self.known.load_full()?;
        if !Arc::ptr_eq(&known, seen) {
            return Some(known);
        }
        let now = self.clock.now();
        if now - known.keys_at < KEY_PAUSE {
            return None;
        }
        let (metadata, at) = (known.metadata.clone(), known.at);
        match CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.web).await {
            Ok(keys) => {
                let metadata = metadata.set_jwks(keys);
                Some(self.keep(Known { metadata, at, keys_at: now }))
            }
            Err(error) => {
                let why = reason(&error);
                tracing::warn!(provider = self.name(), why, "its keys can't be asked for");
                self.keep(Known { metadata, at, keys_at: now });
                None
            }
        }
    }

    fn keep(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        self.known.store(Some(Arc::clone(&known)));
        known
    }

    async fn fetch(&self) -> Result<Metadata, String> {
        let issuer = self.config.issuer.clone();
        let metadata = Metadata::discover_async(issuer, &self.web).await;
        let metadata = metadata.map_err(|error| reason(&error))?;
        if !self.web.may_go_to(metadata.authorization_endpoint().url()) {
            return Err(WebError::Insecure.to_string());
        }
        Ok(metadata)
    }
}

/// What went wrong, without anything that the provider said.
fn reason(error: &DiscoveryError<WebError>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Response(status, ..) => {
            format!("an answer is no JSON, or has status {}", status.as_u16())
        }
        DiscoveryError::Validation(_) => "it says that it is another issuer".into(),
        _ => "an answer can't be read".into(),
    }
}
