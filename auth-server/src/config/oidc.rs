//! Signing in by accounts elsewhere: which providers there are.

use std::path::PathBuf;

use serde::Deserialize;

use super::setting::{Setting, text};
use super::values::none_if_empty;

pub(crate) const SETTINGS: &[Setting] = &[text(
    "AUTH_OIDC_FILE",
    "oidc.file",
    "",
    "path of a TOML file with the OpenID Connect providers that people sign in by (README)",
)];

/// Signing in by accounts elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Path of the file of providers, if there are any.
    #[serde(deserialize_with = "none_if_empty")]
    pub file: Option<PathBuf>,
}
