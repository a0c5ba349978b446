//! `POST /api/v1/me/second-factor/recovery-codes`

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::{RecoveryCodeList, replace_recovery_codes};
use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::THROTTLE;

const CHANGE: CredentialChange = CredentialChange {
    operation: "regenerate_recovery_codes",
    reason: "second_factor_changed",
    notice: Notice::RecoveryCodesReplaced,
};

problems! {
    /// Why no recovery codes were generated.
    pub(crate) enum RegenerateError includes [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE] {
        NotEnabled = 404 "second_factor_not_found" "Two-factor authentication is not enabled.",
    }
}

pub(crate) struct Regenerate(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Regenerate {
    /// Replace your recovery codes with ten new ones and end all other sessions.
    #[oai(
        path = "/second-factor/recovery-codes",
        method = "post",
        operation_id = "regenerate_recovery_codes"
    )]
    async fn regenerate(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<Reply<RecoveryCodeList>, RegenerateError> {
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.begin_change(&reauthenticated).await?;
        let factor = store::lock(&mut transaction, caller.user).await?;
        if !factor.is_some_and(|factor| factor.confirmed) {
            return Err(RegenerateError::NotEnabled);
        }
        let codes = replace_recovery_codes(&mut transaction, &caller).await?;
        self.0.commit_credential_change(transaction, &caller, CHANGE).await?;
        Ok(Reply(codes))
    }
}
