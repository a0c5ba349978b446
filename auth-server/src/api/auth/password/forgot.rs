//! `POST /api/v1/auth/password/forgot`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::email::EmailAddress;
use crate::email::MailToken;
use crate::email::token_store;
use crate::email::token_store::{NewToken, Purpose};
use crate::http::request_errors::BODY;
use crate::http::{Accepted, Body, ClientAddress};
use crate::problems;
use crate::throttle::TOO_MANY;
use crate::user::in_field;

/// Whose password is forgotten.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    /// The address of the account.
    email: String,
}

problems! {
    /// What can go wrong with asking for a new password.
    pub(crate) enum ForgotError includes [BODY, &[TOO_MANY]] {}
}

/// The operation.
pub(crate) struct Forgot(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Forgot {
    /// Ask for a mail with which a new password can be set.
    ///
    /// It goes to addresses that were confirmed. Whether there is an account with this address is
    /// not told, neither by the answer nor by its time.
    #[oai(path = "/password/forgot", method = "post", operation_id = "forgot_password")]
    async fn forgot(
        &self,
        ClientAddress(from): ClientAddress,
        Body(form): Body<Forgotten>,
    ) -> Result<Accepted, ForgotError> {
        let email = EmailAddress::parse(&form.email).map_err(in_field("email"))?;
        self.0.throttle.mail(email.key(), from).await?;
        self.send(email);
        Ok(Accepted)
    }
}

impl Forgot {
    /// Everything that tells a known address from an unknown one is done beside the request.
    fn send(&self, email: EmailAddress) {
        let AppState { pool, clock, letters, .. } = &*self.0;
        let (pool, clock, letters) = (pool.clone(), clock.clone(), Arc::clone(letters));
        let expires_at = clock.now() + self.0.mail.reset_life();
        self.0.mailer.post(async move {
            let Some(owner) = token_store::owner(&pool, email.key()).await? else {
                return Ok(None);
            };
            let token = MailToken::fresh();
            let new = NewToken {
                hash: &token.hash,
                purpose: Purpose::ResetPassword,
                user: owner.id,
                email_key: Some(email.key()),
                expires_at,
            };
            let counts = token_store::insert(&pool, &new, clock.now()).await?;
            Ok(counts.then(|| letters.reset(owner.email, &owner.login, &token)))
        });
    }
}
