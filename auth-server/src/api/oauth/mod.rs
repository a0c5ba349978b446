//! What standards ask of an authorization server: introspection (RFC 7662), revocation (RFC 7009),
//! and a description of itself (RFC 8414).

pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod metadata;
pub(crate) mod revoke;

use std::fmt;
use std::sync::Arc;

use poem_openapi::Object;
use serde::Deserialize;

use super::state::Accounts;
use crate::config::TokenConfig;
use crate::policy::LivePolicy;

/// What tokens say about where they come from and whom they are for.
#[derive(Clone, Debug)]
pub struct Names {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

impl Names {
    /// As configured.
    #[must_use]
    pub fn of(config: &TokenConfig) -> Self {
        Self { issuer: config.issuer.to_string(), audience: config.audience.to_string() }
    }
}

/// A token that a service client asks about.
#[derive(Deserialize, Object)]
struct TokenForm {
    /// An access token or a refresh token.
    #[oai(write_only)]
    token: String,
    /// Taken and not needed: tokens tell what they are.
    #[serde(default)]
    token_type_hint: Option<String>,
}

impl fmt::Debug for TokenForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenForm")
    }
}

/// The operations.
pub type OauthApi = (introspect::Introspect, revoke::Revoke, metadata::Metadata);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts, policy: &Arc<LivePolicy>, names: &Names) -> OauthApi {
    (
        introspect::Introspect {
            accounts: accounts.clone(),
            policy: Arc::clone(policy),
            names: names.clone(),
        },
        revoke::Revoke(accounts.clone()),
        metadata::Metadata::of(&names.issuer),
    )
}
