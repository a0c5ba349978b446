//! `POST /api/v1/auth/logout`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_CLAIMS, SignedClaims};
use crate::db::DATABASE_WRITE;
use crate::http::NoContent;
use crate::problems;

problems! {
    /// Why a logout failed.
    pub(crate) enum LogoutError includes [SIGNED_CLAIMS, DATABASE_WRITE] {}
}

pub(crate) struct LogOut(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl LogOut {
    /// Log out: end the session of this access token.
    ///
    /// Its tokens are rejected from the next request on. Expired access tokens are accepted, and
    /// ending a session that has already ended is not an error.
    #[oai(path = "/logout", method = "post", operation_id = "log_out")]
    async fn logout(&self, SignedClaims(claims): SignedClaims) -> Result<NoContent, LogoutError> {
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let ended = sessions.end(&mut transaction, claims.sub, claims.sid, "logout").await?;
        transaction.commit().await?;
        authenticator.revoke(ended.as_slice());
        Ok(NoContent)
    }
}
