//! `POST /api/v1/me/second-factor/recovery-codes`

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::{REASON, RecoveryCodeList, renew_recovery_codes};
use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::THROTTLE;

problems! {
    /// What can go wrong with making new recovery codes.
    pub(crate) enum RenewError includes [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE] {
        Off = 404 "second_factor_not_found" "You have no second factor.",
    }
}

/// The operation.
pub(crate) struct Renew(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Renew {
    /// Make ten new recovery codes, and end all other sessions. The codes before are worthless.
    #[oai(
        path = "/second-factor/recovery-codes",
        method = "post",
        operation_id = "renew_recovery_codes"
    )]
    async fn renew(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<Reply<RecoveryCodeList>, RenewError> {
        self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.pool.begin().await?;
        let factor = store::lock(&mut transaction, caller.user).await?;
        if !factor.is_some_and(|factor| factor.confirmed) {
            return Err(RenewError::Off);
        }
        let codes = renew_recovery_codes(&mut transaction, &caller).await?;
        self.0.commit_credential_change(transaction, &caller, REASON).await?;
        Ok(Reply(codes))
    }
}
