//! OpenID Connect providers that users can sign in with.

use std::path::PathBuf;

use openidconnect::core::CoreJwsSigningAlgorithm;
use serde::Deserialize;

/// OpenID Connect providers that users can sign in with: `[[oidc.provider]]` in the TOML file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The providers, in the order in which they are offered.
    #[serde(default)]
    pub provider: Vec<ProviderEntry>,
    /// Pages of front ends on other sites, to which the callback may send browsers.
    #[serde(default)]
    pub pages: Vec<String>,
}

/// One provider as it is configured; [`crate::oidc`] checks it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderEntry {
    /// Name in paths: 1 to 32 of `a-z 0-9 -`.
    pub name: String,
    /// Name for users; without it `name`.
    pub title: Option<String>,
    /// Issuer, an `https` URL.
    pub issuer: String,
    /// Id of this server at the provider.
    pub client_id: String,
    /// File with the secret of this server at the provider.
    pub client_secret_file: Option<PathBuf>,
    /// Environment variable with that secret.
    pub client_secret_env: Option<String>,
    /// Scopes to request besides `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Algorithms that may sign id tokens.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// How the provider sends browsers back.
    #[serde(default)]
    pub response_mode: ResponseMode,
    /// Other audiences that ID tokens may have besides `client_id`.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Where the provider sends browsers back to, if not to this server's callback.
    pub redirect_uri: Option<String>,
}

/// How a provider sends browsers back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// By a redirect.
    #[default]
    Query,
    /// By a form that they post.
    FormPost,
}

fn default_scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).into()
}

fn default_algorithms() -> Vec<CoreJwsSigningAlgorithm> {
    use CoreJwsSigningAlgorithm::{EcdsaP256Sha256, EdDsa, RsaSsaPkcs1V15Sha256};
    vec![RsaSsaPkcs1V15Sha256, EcdsaP256Sha256, EdDsa]
}
