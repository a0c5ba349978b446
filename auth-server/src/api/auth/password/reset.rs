//! `POST /api/v1/auth/password/reset`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::audit::AccountChange;
use crate::db::{DATABASE_WRITE, PgConnection};
use crate::email::notice::Notice;
use crate::email::token_store::{self, ResetTarget};
use crate::email::{claim_store, token};
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::oidc;
use crate::password::{NEW_PASSWORD, Password};
use crate::problems;
use crate::second_factor;
use crate::user::user_agents;

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
    pub(crate) enum ResetError includes [BODY, NEW_PASSWORD, DATABASE_WRITE] {
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
    ///
    /// If the address was never confirmed with the account's session or password, someone else may
    /// have created the account: then its external identities, its second factor and its list of user
    /// agents are removed, too.
    #[oai(path = "/password/reset", method = "post", operation_id = "reset_password")]
    async fn reset(&self, Body(form): Body<ResetForm>) -> Result<NoContent, ResetError> {
        let token = token::hash(&form.token);
        let now = self.0.clock.now();
        let user = token_store::reset_target(&self.0.pool, &token, now).await?;
        let user = user.ok_or(ResetError::TokenInvalid)?.user;
        let new = self.0.new_password(user, form.new_password).await?;
        let hash = self.0.hasher.accept_and_hash(new).await?;
        self.store(&token, &hash).await?;
        Ok(NoContent)
    }
}

impl Reset {
    /// Sets the password and ends all sessions in one transaction, if the token is still valid.
    async fn store(&self, token: &[u8; 32], hash: &str) -> Result<(), ResetError> {
        let AppState { pool, sessions, authenticator, clock, .. } = &*self.0;
        let (mut transaction, now) = (pool.begin().await?, clock.now());
        let target = token_store::reset_target(&mut *transaction, token, now).await?;
        let ResetTarget { user, takes_over } = target.ok_or(ResetError::TokenInvalid)?;
        token_store::reset_password(&mut transaction, user, hash).await?;
        if takes_over {
            remove_other_access(&mut transaction, user).await?;
        }
        let ended = sessions.end_all(&mut transaction, user, "password_reset").await?;
        let (operation, notice) = ("reset_password", Notice::PasswordReset);
        AccountChange { user, operation, notice }.record(&mut transaction, now).await?;
        transaction.commit().await?;
        authenticator.revoke(ended.as_slice());
        Ok(())
    }
}

/// Leaves the owner of the mailbox as the only one who can log in to the account.
async fn remove_other_access(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    oidc::store::remove_all(transaction, user).await?;
    second_factor::store::remove(transaction, user).await?;
    user_agents::remove(transaction, user).await?;
    claim_store::withdraw(transaction, user).await?;
    claim_store::record_account_proof(transaction, user).await
}
