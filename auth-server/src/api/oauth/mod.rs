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

use crate::api::AppState;

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
pub(crate) type OauthApi =
    (introspect::Introspect, revoke::Revoke, metadata::Metadata, jwks::JwksApi);

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> OauthApi {
    (
        introspect::Introspect(Arc::clone(state)),
        revoke::Revoke(Arc::clone(state)),
        metadata::Metadata::of(state.issuer.name()),
        jwks::JwksApi(Arc::clone(state)),
    )
}
