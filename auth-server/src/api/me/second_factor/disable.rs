//! `DELETE /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::REASON;
use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::THROTTLE;

problems! {
    /// What can go wrong with taking one's own second factor away.
    pub(crate) enum RemoveError includes [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE] {
        Off = 404 "second_factor_not_found" "You have no second factor.",
    }
}

/// The operation.
pub(crate) struct Remove(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Remove {
    /// Take the second factor away, with its recovery codes, and end all other sessions.
    #[oai(path = "/second-factor", method = "delete", operation_id = "remove_second_factor")]
    async fn remove(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<NoContent, RemoveError> {
        self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.pool.begin().await?;
        if !store::remove(&mut transaction, caller.user).await? {
            return Err(RemoveError::Off);
        }
        self.0.commit_credential_change(transaction, &caller, REASON).await?;
        Ok(NoContent)
    }
}
