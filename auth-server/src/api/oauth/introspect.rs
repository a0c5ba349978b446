//! `POST /api/v1/oauth/introspect`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::TokenForm;
use crate::api::AppState;
use crate::authn::{CLIENT, NO_SUBJECT, REVOCATION_UNKNOWN, ServiceClient, TokenError};
use crate::client::Scope;
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::FORM;
use crate::http::{Form, Reply};
use crate::problems;
use crate::session;
use crate::token::CLIENT_ID;

/// The state of a token. An inactive token has no other fields.
#[derive(Default, Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
struct Introspection {
    /// Whether the token is active.
    active: bool,
    /// `Bearer` for an access token, `refresh_token` for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// User id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    /// The client that the token was issued to; access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'static str>,
    /// Session id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    /// Current roles of the user, which may be newer than the token; access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// Issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// Audience; access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// When the access token, or the session of the refresh token, was issued; Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// Not valid before; Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// Expires at; Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Token id; access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
}

problems! {
    /// Errors of introspecting a token.
    pub(crate) enum IntrospectError includes [
        CLIENT, NO_SUBJECT, FORM, REVOCATION_UNKNOWN, DATABASE,
    ] {}
}

/// The operation.
pub(crate) struct Introspect(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/oauth", tag = "crate::http::tags::Tag::Clients")]
impl Introspect {
    /// Introspect an access token or a refresh token (RFC 7662).
    ///
    /// Any other, expired or revoked token results in `{"active": false}`, without a reason.
    /// Requires the scope `introspect`. Errors have `error` (RFC 6749, section 5.2) beside `code`.
    #[oai(path = "/introspect", method = "post", operation_id = "introspect_token")]
    async fn introspect(
        &self,
        client: ServiceClient,
        Form(form): Form<TokenForm>,
    ) -> Result<Reply<Introspection>, IntrospectError> {
        client.require(Scope::Introspect)?;
        let found = if form.token.starts_with(session::PREFIX) {
            self.refresh_token(&form.token).await?
        } else {
            self.access_token(&form.token).await?
        };
        Ok(Reply(found.unwrap_or(Introspection { active: false, ..Introspection::default() })))
    }
}

impl Introspect {
    async fn access_token(&self, token: &str) -> Result<Option<Introspection>, Problem> {
        let authenticator = &self.0.authenticator;
        let principal = match authenticator.verify(token.as_bytes()).await {
            Ok(principal) => principal,
            // Not the token's fault: `inactive` would be a guess.
            Err(unknown @ TokenError::RevocationUnknown) => return Err(unknown.into()),
            Err(_) => return Ok(None),
        };
        let Ok(claims) = authenticator.verify_signature(token.as_bytes()).await else {
            return Ok(None);
        };
        let roles = self.0.policy.roles(principal.user, &principal.roles);
        Ok(Some(Introspection {
            active: true,
            token_type: Some("Bearer"),
            sub: Some(claims.sub),
            client_id: Some(CLIENT_ID),
            sid: Some(claims.sid),
            roles: Some(roles.iter().map(ToString::to_string).collect()),
            iss: Some(self.0.issuer.name().to_owned()),
            aud: Some(self.0.issuer.audience().to_owned()),
            iat: Some(claims.iat),
            nbf: Some(claims.nbf),
            exp: Some(claims.exp),
            jti: Some(claims.jti),
        }))
    }

    async fn refresh_token(&self, token: &str) -> Result<Option<Introspection>, Problem> {
        let mut database = self.0.pool.acquire().await?;
        let current = self.0.sessions.current(&mut database, token).await?;
        Ok(current.map(|current| Introspection {
            active: true,
            token_type: Some("refresh_token"),
            sub: Some(current.user),
            sid: Some(current.session),
            iss: Some(self.0.issuer.name().to_owned()),
            iat: Some(current.created_at.timestamp()),
            exp: Some(current.expires_at.timestamp()),
            ..Introspection::default()
        }))
    }
}
