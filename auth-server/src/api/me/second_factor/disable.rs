//! `DELETE /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::THROTTLE;

const CHANGE: CredentialChange = CredentialChange {
    operation: "disable_second_factor",
    reason: "second_factor_changed",
    notice: Notice::SecondFactorDisabled,
};

problems! {
    /// Why the second factor was not disabled.
    pub(crate) enum DisableError includes [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE] {
        NotEnabled = 404 "second_factor_not_found" "Two-factor authentication is not enabled.",
    }
}

pub(crate) struct Disable(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Disable {
    /// Disable your second factor, delete its recovery codes and end all other sessions.
    #[oai(path = "/second-factor", method = "delete", operation_id = "disable_second_factor")]
    async fn disable(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<NoContent, DisableError> {
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.begin_change(&reauthenticated).await?;
        if !store::remove(&mut transaction, caller.user).await? {
            return Err(DisableError::NotEnabled);
        }
        self.0.commit_credential_change(transaction, &caller, CHANGE).await?;
        Ok(NoContent)
    }
}
