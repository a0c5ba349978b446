//! `POST /api/v1/me/second-factor/confirm`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::{RecoveryCodeList, replace_recovery_codes};
use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::TOO_MANY;

/// The first code of a second factor.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ConfirmationForm {
    /// The current code of the authenticator app.
    #[oai(write_only)]
    code: String,
}

const CHANGE: CredentialChange = CredentialChange {
    operation: "confirm_second_factor",
    reason: "second_factor_changed",
    notice: Notice::SecondFactorEnabled,
};

problems! {
    /// Why the second factor was not enabled.
    pub(crate) enum ConfirmError includes [SIGNED_IN, BODY, &[TOO_MANY], DATABASE_WRITE] {
        CodeInvalid = 403 "invalid_code" "The code is invalid, expired or already used.",
        NotStarted = 409 "second_factor_not_begun" "No enrollment has been started; start with POST /api/v1/me/second-factor.",
        AlreadyEnabled = 409 "second_factor_active" "Two-factor authentication is already enabled; disable it first.",
    }
}

pub(crate) struct Confirm(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Confirm {
    /// Enable the second factor with its first code and end all other sessions.
    ///
    /// The recovery codes are shown only once. After a few invalid codes, codes are rejected for a
    /// growing delay, as for logins.
    #[oai(path = "/second-factor/confirm", method = "post", operation_id = "confirm_second_factor")]
    async fn confirm(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<ConfirmationForm>,
    ) -> Result<Reply<RecoveryCodeList>, ConfirmError> {
        let this = Self(Arc::clone(&self.0));
        let attempt = async move { this.attempt(&caller, &form.code).await };
        self.0.complete(attempt).await.map(Reply)
    }
}

impl Confirm {
    async fn attempt(
        &self,
        caller: &Principal,
        code: &str,
    ) -> Result<RecoveryCodeList, ConfirmError> {
        let AppState { pool, second_factors, clock, throttle, .. } = &*self.0;
        let (user, now) = (caller.user, clock.now());
        let _turn = throttle.code_turn(user).await?;
        let mut transaction = pool.begin().await?;
        let factor = store::lock(&mut transaction, user).await?;
        let factor = factor.ok_or(ConfirmError::NotStarted)?;
        if factor.confirmed {
            return Err(ConfirmError::AlreadyEnabled);
        }
        let step = second_factors.verify_first_code(&mut transaction, user, &factor, code).await?;
        let Some(step) = step else {
            // The failed attempt counts.
            transaction.commit().await?;
            return Err(ConfirmError::CodeInvalid);
        };
        store::confirm(&mut transaction, user, step, now).await?;
        let codes = replace_recovery_codes(&mut transaction, caller).await?;
        self.0.commit_credential_change(transaction, caller, CHANGE).await?;
        Ok(codes)
    }
}
