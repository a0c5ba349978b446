//! `GET /.well-known/jwks.json`

use std::sync::Arc;

use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::token::Key;

/// One public key (RFC 8037).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
struct Jwk {
    /// Key type, always `OKP`.
    kty: &'static str,
    /// Curve, always `Ed25519`.
    crv: &'static str,
    /// Algorithm, always `EdDSA`.
    alg: &'static str,
    /// Use of the key, always `sig`.
    #[oai(rename = "use")]
    #[serde(rename = "use")]
    usage: &'static str,
    /// Key id, as in the header of a token.
    kid: String,
    /// Public key: 32 bytes in base64url.
    x: String,
}

/// The public keys of all tokens that may still be valid (RFC 7517).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// A new key is published for longer than this before it signs.
const CACHE: &str = "public, max-age=300, stale-if-error=3600";

/// The operation.
pub(crate) struct JwksApi(pub Arc<AppState>);

#[OpenApi(tag = "crate::http::tags::Tag::Auth")]
impl JwksApi {
    /// Get the public keys that verify access tokens.
    ///
    /// A client that verifies tokens offline notices a logout only when the token expires.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "get_jwks")]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn jwks(&self) -> Response<Json<JwkSet>> {
        let keys = self.0.keys.active().iter().map(|key| jwk(key)).collect();
        Response::new(Json(JwkSet { keys })).header("Cache-Control", CACHE)
    }
}

fn jwk(key: &Key) -> Jwk {
    Jwk {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        usage: "sig",
        kid: key.kid.clone(),
        x: key.x.clone(),
    }
}
