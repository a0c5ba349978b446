//! `POST /api/v1/auth/logout/others`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn, TokenError};
use crate::db::DATABASE_WRITE;
use crate::http::NoContent;
use crate::http::problem::Problem;
use crate::problems;

problems! {
    /// Why the other sessions were not ended.
    pub(crate) enum LogoutOthersError includes [SIGNED_IN, DATABASE_WRITE] {}
}

pub(crate) struct LogOutOthers(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl LogOutOthers {
    /// Log out everywhere else: end all other sessions of the account.
    ///
    /// Their tokens are rejected from the next request on.
    #[oai(path = "/logout/others", method = "post", operation_id = "log_out_other_sessions")]
    async fn logout_others(
        &self,
        SignedIn(caller): SignedIn,
    ) -> Result<NoContent, LogoutOthersError> {
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let ended = sessions
            .end_others(&mut transaction, caller.user, caller.session, "logout_elsewhere")
            .await?
            // Another server has ended this session, and the news has not arrived yet.
            .ok_or_else(|| Problem::from(TokenError::Revoked))?;
        transaction.commit().await?;
        authenticator.revoke(&[ended]);
        Ok(NoContent)
    }
}
