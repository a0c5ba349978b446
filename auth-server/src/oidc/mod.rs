//! Logging in with external identities: this server as an OpenID Connect relying party.

pub(crate) mod claims;
pub(crate) mod flow;
pub(crate) mod flow_cookies;
pub(crate) mod front_end;
pub(crate) mod http_client;
pub(crate) mod id_token;
pub(crate) mod identity;
pub(crate) mod provider;
pub(crate) mod provider_config;
pub(crate) mod store;
pub(crate) mod tokens;
pub(crate) mod user_info;

use std::sync::Arc;

pub(crate) use flow::{Flow, LinkRequest, consume};
pub(crate) use flow_cookies::FlowCookies;
pub(crate) use front_end::FrontEnd;
#[cfg(feature = "fuzzing")]
pub(crate) use id_token::fuzzed;
pub(crate) use identity::{ExternalIdentity, IdentityError};
pub(crate) use provider::Provider;
pub(crate) use provider_config::OidcError;

use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::EncryptionKeys;
use crate::crypto::{Purpose, Secrets};
use crate::http::problem::Spec;

/// The provider cannot be reached, or violates the protocol.
pub(crate) const UNAVAILABLE: Spec = Spec::new(
    503,
    "provider_unavailable",
    "The identity provider is unavailable; try again later.",
);

/// The configured identity providers.
pub(crate) struct Oidc {
    providers: Vec<Arc<Provider>>,
    /// Pages of front ends on other sites.
    pages: Vec<String>,
    encryption: EncryptionKeys,
    clock: Clock,
}

impl Oidc {
    /// Reads the configured providers. Does not contact them yet.
    ///
    /// # Errors
    /// The settings of a provider are invalid.
    pub(crate) fn open(
        config: &Config,
        secrets: &Secrets,
        clock: &Clock,
    ) -> Result<Self, OidcError> {
        let providers = Self::configured(config, clock)?;
        let encryption = EncryptionKeys::of(secrets, Purpose::OidcFlow);
        let pages = provider_config::validate_pages(&config.oidc.pages)?;
        Ok(Self { providers, pages, encryption, clock: clock.clone() })
    }

    /// The configured providers, without contacting them. Settings that do not belong to a provider are
    /// validated as well.
    ///
    /// # Errors
    /// The settings are invalid.
    pub(crate) fn configured(
        config: &Config,
        clock: &Clock,
    ) -> Result<Vec<Arc<Provider>>, OidcError> {
        provider_config::validate_pages(&config.oidc.pages)?;
        let configured = provider_config::validate(&config.oidc.provider, &config.token.issuer)?;
        let providers = configured.into_iter().map(|one| Provider::new(one, clock.clone()));
        providers.map(|one| one.map(Arc::new)).collect()
    }

    /// All providers, in the order of the configuration.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().map(|provider| &**provider)
    }

    /// The provider of this name.
    #[must_use]
    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    /// The provider with this issuer identifier.
    #[must_use]
    pub(crate) fn of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.providers().find(|provider| provider.issuer() == issuer)
    }

    /// The issuer identifiers of all providers.
    #[must_use]
    pub(crate) fn issuers(&self) -> Vec<String> {
        self.providers().map(|provider| provider.issuer().to_owned()).collect()
    }
}
