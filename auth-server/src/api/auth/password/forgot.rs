//! `POST /api/v1/auth/password/forgot`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::db::DATABASE;
use crate::email::{EmailAddress, EmailJob, queue};
use crate::http::request_errors::BODY;
use crate::http::{Accepted, Body, ClientAddress};
use crate::problems;
use crate::throttle::TOO_MANY;
use crate::user::in_field;

/// The account whose password is forgotten.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    /// Confirmed e-mail address of the account.
    email: String,
}

problems! {
    /// Errors of requesting a password reset.
    pub(crate) enum ForgotError includes [BODY, &[TOO_MANY], DATABASE] {}
}

pub(crate) struct Forgot(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Forgot {
    /// Request an e-mail to reset a forgotten password.
    ///
    /// It is sent only to a confirmed address. Neither the response nor its time reveals whether an
    /// account has this address.
    #[oai(path = "/password/forgot", method = "post", operation_id = "request_password_reset")]
    async fn request(
        &self,
        ClientAddress(from): ClientAddress,
        Body(form): Body<Forgotten>,
    ) -> Result<Accepted, ForgotError> {
        let email = EmailAddress::parse(&form.email).map_err(in_field("email"))?;
        self.0.throttle.email(email.key(), from).await?;
        // Whatever tells a known address from an unknown one is left to the worker.
        let job = EmailJob::ResetPassword { email: email.key().to_owned() };
        queue::enqueue(&mut self.0.pool.acquire().await?, &job).await?;
        Ok(Accepted)
    }
}
