//! `POST /api/v1/me/second-factor/confirm`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::{REASON, RecoveryCodeList, renew_recovery_codes};
use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::TOO_MANY;

/// Proof that the app has the secret.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ConfirmationForm {
    /// The code that the app shows now.
    #[oai(write_only)]
    code: String,
}

problems! {
    /// What can go wrong with turning a second factor on.
    pub(crate) enum ConfirmError includes [SIGNED_IN, BODY, &[TOO_MANY], DATABASE] {
        CodeWrong = 403 "invalid_code" "The code is invalid, expired or already used.",
        NotBegun = 409 "second_factor_not_begun" "Begin with POST /api/v1/me/second-factor.",
        Active = 409 "second_factor_active" "You have a second factor; take it away first.",
    }
}

/// The operation.
pub(crate) struct Confirm(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Confirm {
    /// Turn the second factor on by its first code.
    ///
    /// All other sessions end. The recovery codes are shown this once. After a few wrong codes the
    /// next one has to wait, as when signing in.
    #[oai(path = "/second-factor/confirm", method = "post", operation_id = "confirm_second_factor")]
    async fn confirm(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<ConfirmationForm>,
    ) -> Result<Reply<RecoveryCodeList>, ConfirmError> {
        let AppState { pool, second_factors, clock, .. } = &*self.0;
        let (user, now) = (caller.user, clock.now());
        let mut transaction = pool.begin().await?;
        let begun = store::lock(&mut transaction, user).await?;
        let begun = begun.ok_or(ConfirmError::NotBegun)?;
        if begun.confirmed {
            return Err(ConfirmError::Active);
        }
        let step = second_factors.first_step(&mut transaction, user, &begun, &form.code).await?;
        let Some(step) = step else {
            transaction.commit().await?;
            return Err(ConfirmError::CodeWrong);
        };
        store::confirm(&mut transaction, user, step, now).await?;
        let codes = renew_recovery_codes(&mut transaction, &caller).await?;
        self.0.commit_credential_change(transaction, &caller, REASON).await?;
        Ok(Reply(codes))
    }
}
