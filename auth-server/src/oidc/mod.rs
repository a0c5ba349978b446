//! Signing in by an account elsewhere: OpenID Connect, as its relying party.
//!
//! `file` which providers there are · `web` requests to them, bounded · `provider` what is known
//! about one, and for how long · `id_token` who somebody is by its word · `flow` what a browser keeps
//! between the two halves of a sign-in · `spent` that one is good once · `store` identities ·
//! `account_store` whose they are. The
//! operations are in `login` and `account`.

pub(crate) mod account_store;
pub(crate) mod consumed_flows;
pub(crate) mod file;
pub(crate) mod flow;
pub(crate) mod id_token;
pub(crate) mod provider;
pub(crate) mod store;
pub(crate) mod web;

use std::sync::Arc;

pub(crate) use file::OidcError;
pub(crate) use flow::{Flow, Link};
pub(crate) use id_token::Who;
pub(crate) use provider::Provider;

use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::EncryptionKeys;
use crate::crypto::{Purpose, Secrets};
use crate::http::problem::Spec;

/// The provider doesn't answer, or not with what a provider answers.
pub(crate) const UNAVAILABLE: Spec = Spec {
    status: 503,
    code: "provider_unavailable",
    title: "The provider does not answer as it should; try again in a moment.",
};

/// Who somebody is by the provider's word can't be believed.
pub(crate) const ANSWER: Spec = Spec {
    status: 401,
    code: "provider_answer_invalid",
    title: "What the provider says about this sign-in can't be trusted; begin again.",
};

/// The providers, and what it takes to sign in by them.
pub(crate) struct Oidc {
    providers: Vec<Arc<Provider>>,
    encryption: EncryptionKeys,
    clock: Clock,
}

impl Oidc {
    /// The configured providers. None of them is asked for anything yet.
    ///
    /// # Errors
    /// The file of providers can't be used.
    pub(crate) fn open(
        config: &Config,
        secrets: &Secrets,
        clock: &Clock,
    ) -> Result<Self, OidcError> {
        let configured = match &config.oidc.file {
            None => vec![],
            Some(path) => file::read(path, &config.token.issuer)?,
        };
        let providers = configured.into_iter().map(|one| Provider::new(one, clock.clone()));
        let providers = providers.map(|one| one.map(Arc::new)).collect::<Result<_, _>>()?;
        let encryption = EncryptionKeys::of(secrets, Purpose::OidcFlow);
        Ok(Self { providers, encryption, clock: clock.clone() })
    }

    /// How many providers there are in the file, if all is well with it.
    ///
    /// # Errors
    /// The file of providers can't be used.
    pub(crate) fn count(config: &Config) -> Result<usize, OidcError> {
        let path = config.oidc.file.as_ref();
        path.map_or(Ok(0), |path| Ok(file::read(path, &config.token.issuer)?.len()))
    }

    /// All of them, in the order of the file.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().map(|provider| &**provider)
    }

    /// The provider of this name.
    #[must_use]
    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    /// The provider with this issuer.
    #[must_use]
    pub(crate) fn of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.providers().find(|provider| provider.issuer() == issuer)
    }

    /// Whose word counts.
    #[must_use]
    pub(crate) fn issuers(&self) -> Vec<String> {
        self.providers().map(|provider| provider.issuer().to_owned()).collect()
    }
}
