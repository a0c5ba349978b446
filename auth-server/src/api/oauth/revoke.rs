//! `POST /api/v1/oauth/revoke`

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::TokenForm;
use crate::api::AppState;
use crate::authn::{CLIENT, NO_SUBJECT, ServiceClient};
use crate::client::Scope;
use crate::db::{DATABASE_WRITE, PgConnection};
use crate::http::problem::Problem;
use crate::http::request_errors::FORM;
use crate::http::{Form, OkEmpty};
use crate::problems;
use crate::session;
use crate::session::lookup::TokenOwner;

problems! {
    /// Errors of revoking a token.
    pub(crate) enum RevokeError includes [CLIENT, NO_SUBJECT, FORM, DATABASE_WRITE] {}
}

/// The operation.
pub(crate) struct Revoke(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/oauth", tag = "crate::http::tags::Tag::Clients")]
impl Revoke {
    /// Revoke a token and end its session (RFC 7009).
    ///
    /// All tokens of the session are refused from the next request on. An expired or replaced token
    /// revokes its session, too; an unknown token is not an error. Requires the scope `introspect`.
    /// Errors have `error` (RFC 6749, section 5.2) beside `code`.
    #[oai(path = "/revoke", method = "post", operation_id = "revoke_token")]
    async fn revoke(
        &self,
        client: ServiceClient,
        Form(form): Form<TokenForm>,
    ) -> Result<OkEmpty, RevokeError> {
        client.require(Scope::Introspect)?;
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let Some(TokenOwner { user, session }) = self.owner(&mut transaction, &form.token).await?
        else {
            return Ok(OkEmpty);
        };
        let ended = sessions.end(&mut transaction, user, session, "revoked_by_client").await?;
        transaction.commit().await?;
        authenticator.revoke(ended.as_slice());
        tracing::info!(client = %client.id, %user, %session, "session revoked by a service client");
        Ok(OkEmpty)
    }
}

impl Revoke {
    async fn owner(
        &self,
        database: &mut PgConnection,
        token: &str,
    ) -> Result<Option<TokenOwner>, Problem> {
        if token.starts_with(session::PREFIX) {
            return Ok(self.0.sessions.owner(database, token).await?);
        }
        let claims = self.0.authenticator.verify_signature(token.as_bytes()).await;
        Ok(claims.ok().map(|claims| TokenOwner { user: claims.sub, session: claims.sid }))
    }
}
