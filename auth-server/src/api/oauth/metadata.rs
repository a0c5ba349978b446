//! `GET /.well-known/oauth-authorization-server`

use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

/// What this server is and has (RFC 8414).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
struct ServerMetadata {
    /// `iss` of its tokens.
    issuer: String,
    /// The keys of its tokens.
    jwks_uri: String,
    /// Where to ask what a token is worth.
    introspection_endpoint: String,
    /// How a service client proves itself there.
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Where to end a token's session.
    revocation_endpoint: String,
    /// How a service client proves itself there.
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// None: there is no authorization endpoint. People sign in by `POST /api/v1/auth/login`.
    response_types_supported: Vec<&'static str>,
    /// None, likewise.
    grant_types_supported: Vec<&'static str>,
    /// The page about the API.
    service_documentation: String,
}

/// How long the answer may be kept.
const CACHE: &str = "public, max-age=3600";

/// The operation.
pub(crate) struct Metadata(ServerMetadata);

impl Metadata {
    /// Of the server that clients know by this address.
    pub(crate) fn of(issuer: &str) -> Self {
        let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
        let basic = vec!["client_secret_basic"];
        Self(ServerMetadata {
            issuer: issuer.to_owned(),
            jwks_uri: at("/.well-known/jwks.json"),
            introspection_endpoint: at("/api/v1/oauth/introspect"),
            introspection_endpoint_auth_methods_supported: basic.clone(),
            revocation_endpoint: at("/api/v1/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: basic,
            response_types_supported: vec![],
            grant_types_supported: vec![],
            service_documentation: at("/docs"),
        })
    }
}

#[OpenApi(tag = "crate::http::tags::Tag::Clients")]
impl Metadata {
    /// What this server is and has, for programs (RFC 8414).
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        operation_id = "oauth_metadata"
    )]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn metadata(&self) -> Response<Json<ServerMetadata>> {
        Response::new(Json(self.0.clone())).header("Cache-Control", CACHE)
    }
}
