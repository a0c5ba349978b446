//! `POST /api/v1/auth/logout/others`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn, TokenError};
use crate::db::DATABASE;
use crate::http::NoContent;
use crate::http::problem::Problem;
use crate::problems;

problems! {
    /// What can go wrong with signing out elsewhere.
    pub(crate) enum LogoutOthersError includes [SIGNED_IN, DATABASE] {}
}

/// The operation.
pub(crate) struct LogOutOthers(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl LogOutOthers {
    /// Sign out elsewhere: end all sessions of the account but the one of this access token.
    ///
    /// Their tokens are refused from the next request on.
    #[oai(path = "/logout/others", method = "post", operation_id = "logout_others")]
    async fn logout_others(
        &self,
        SignedIn(caller): SignedIn,
    ) -> Result<NoContent, LogoutOthersError> {
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let ended = sessions
            .end_others(&mut transaction, caller.user, caller.session, "logout_elsewhere")
            .await?
            // Another server ended this session, and we have not heard of it yet.
            .ok_or_else(|| Problem::from(TokenError::Revoked))?;
        transaction.commit().await?;
        authenticator.revoke(&[ended]);
        Ok(NoContent)
    }
}
