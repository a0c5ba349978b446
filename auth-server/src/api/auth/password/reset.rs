//! `POST /api/v1/auth/password/reset`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::db::DATABASE;
use crate::email::{token, token_store};
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::password::{NEW_PASSWORD, Password};
use crate::problems;

/// A new password in place of a forgotten one.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ResetForm {
    /// Token from the message: what follows `#token=` in its link.
    #[oai(write_only)]
    token: String,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: Password,
}

problems! {
    /// Errors of resetting a password.
    pub(crate) enum ResetError includes [BODY, NEW_PASSWORD, DATABASE] {
        TokenInvalid = 401 "reset_token_invalid" "Invalid or expired token; request a new e-mail.",
    }
}

pub(crate) struct Reset(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Reset {
    /// Set a new password with the token of a message, and end all sessions.
    ///
    /// The token works once; a rejected password does not consume it. Users with a second factor
    /// are still asked for it at the next login.
    #[oai(path = "/password/reset", method = "post", operation_id = "reset_password")]
    async fn reset(&self, Body(form): Body<ResetForm>) -> Result<NoContent, ResetError> {
        let token = token::hash(&form.token);
        let now = self.0.clock.now();
        let user = token_store::reset_target(&self.0.pool, &token, now).await?;
        let user = user.ok_or(ResetError::TokenInvalid)?;
        let new = self.0.new_password(user, form.new_password).await?;
        let hash = self.0.hasher.hash(self.0.hasher.accept(new).await?).await?;
        self.store(&token, &hash).await?;
        Ok(NoContent)
    }
}

impl Reset {
    /// Sets the password and ends all sessions in one transaction, if the token is still valid.
    async fn store(&self, token: &[u8; 32], hash: &str) -> Result<(), ResetError> {
        let AppState { pool, sessions, authenticator, clock, .. } = &*self.0;
        let (mut transaction, now) = (pool.begin().await?, clock.now());
        let user = token_store::reset_target(&mut *transaction, token, now).await?;
        let user = user.ok_or(ResetError::TokenInvalid)?;
        token_store::reset_password(&mut transaction, user, hash).await?;
        let ended = sessions.end_all(&mut transaction, user, "password_reset").await?;
        let record = AuditRecord::new(Actor::User(user), "reset_password", format!("user:{user}"));
        audit::insert(&mut transaction, &record, now).await?;
        transaction.commit().await?;
        authenticator.revoke(ended.as_slice());
        Ok(())
    }
}
