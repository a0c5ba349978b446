//! `GET /.well-known/oauth-authorization-server`

use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

/// Authorization server metadata (RFC 8414). There are no authorization and token endpoints, so the
/// lists of their response and grant types would be empty, and are left out (section 3.2).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
struct ServerMetadata {
    /// Issuer: `iss` of access tokens.
    issuer: String,
    /// URL of the public keys.
    jwks_uri: String,
    /// URL of token introspection.
    introspection_endpoint: String,
    /// Client authentication methods of that endpoint.
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// URL of token revocation.
    revocation_endpoint: String,
    /// Client authentication methods of that endpoint.
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// URL of the API documentation.
    service_documentation: String,
}

const CACHE: &str = "public, max-age=3600";

/// The operation.
pub(crate) struct Metadata(ServerMetadata);

impl Metadata {
    /// The metadata of the server with this issuer URL.
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
            service_documentation: at("/docs"),
        })
    }
}

#[OpenApi(tag = "crate::http::tags::Tag::Clients")]
impl Metadata {
    /// Get the authorization server metadata (RFC 8414).
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        operation_id = "get_oauth_metadata"
    )]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn metadata(&self) -> Response<Json<ServerMetadata>> {
        Response::new(Json(self.0.clone())).header("Cache-Control", CACHE)
    }
}
