//! OAuth endpoints: introspection (RFC 7662), revocation (RFC 7009), metadata (RFC 8414) and JWKS
//! (RFC 7517).

pub(crate) mod errors;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod metadata;
pub(crate) mod revoke;

use std::fmt;
use std::sync::Arc;

use poem_openapi::Object;
use serde::Deserialize;

use crate::api::AppState;

/// The token to introspect or revoke.
#[derive(Deserialize, Object)]
struct TokenForm {
    /// An access token or a refresh token.
    #[oai(write_only)]
    token: String,
    /// Accepted and ignored: tokens are self-describing.
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
