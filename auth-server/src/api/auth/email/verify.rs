//! `POST /api/v1/auth/email/verify`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::db::DATABASE;
use crate::email::{token, token_store};
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::problems;

/// The token of a message.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Verification {
    /// Token from the message: what follows `#token=` in its link.
    #[oai(write_only)]
    token: String,
}

problems! {
    /// Errors of confirming an address.
    pub(crate) enum VerifyError includes [BODY, DATABASE] {
        TokenInvalid = 401 "verification_token_invalid" "Invalid or expired token, or the account's address has changed; request a new e-mail.",
    }
}

pub(crate) struct Verify(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Verify {
    /// Confirm an e-mail address with the token of a message.
    ///
    /// The token works once, and only while the account has the address that the message was sent
    /// to. Afterwards no other account can claim the address, and the user can sign in with it.
    #[oai(path = "/email/verify", method = "post", operation_id = "verify_email")]
    async fn verify(&self, Body(form): Body<Verification>) -> Result<NoContent, VerifyError> {
        let AppState { pool, clock, .. } = &*self.0;
        let mut connection = pool.acquire().await?;
        if !token_store::verify(&mut connection, &token::hash(&form.token), clock.now()).await? {
            return Err(VerifyError::TokenInvalid);
        }
        Ok(NoContent)
    }
}
