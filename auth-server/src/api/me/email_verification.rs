//! `POST /api/v1/me/email/verification`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::email::{EmailJob, claim_store, queue};
use crate::http::{Accepted, ClientAddress};
use crate::problems;
use crate::throttle::TOO_MANY;

problems! {
    /// Errors of resending the verification e-mail.
    pub(crate) enum ResendError includes [SIGNED_IN, &[TOO_MANY], DATABASE] {
        Gone = 404 "user_not_found" "The account no longer exists.",
        NoPendingVerification = 409 "no_pending_verification" "The account has no unconfirmed e-mail address.",
    }
}

pub(crate) struct ResendVerification(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl ResendVerification {
    /// Resend the e-mail that confirms the caller's address.
    #[oai(
        path = "/email/verification",
        method = "post",
        operation_id = "resend_verification_email"
    )]
    async fn resend(
        &self,
        SignedIn(caller): SignedIn,
        ClientAddress(from): ClientAddress,
    ) -> Result<Accepted, ResendError> {
        let account = claim_store::read(&self.0.pool, caller.user).await?;
        let account = account.ok_or(ResendError::Gone)?;
        let email = account.to_confirm().ok_or(ResendError::NoPendingVerification)?;
        self.0.throttle.email(email, from).await?;
        let job = EmailJob::VerifyEmail { user: caller.user, email: email.to_owned() };
        queue::enqueue(&mut self.0.pool.acquire().await?, &job).await?;
        Ok(Accepted)
    }
}
