//! `POST /api/v1/auth/email/verify`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::db::DATABASE;
use crate::email;
use crate::email::token_store;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::problems;

/// What stood in the mail.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Verification {
    /// The token of the mail: it stands after `#token=` in the link.
    #[oai(write_only)]
    token: String,
}

problems! {
    /// What can go wrong with confirming an address.
    pub(crate) enum VerifyError includes [BODY, DATABASE] {
        TokenInvalid = 401 "verification_token_invalid" "This was used or has expired, or the address is another one now; ask for another mail.",
    }
}

/// The operation.
pub(crate) struct Verify(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Verify {
    /// Confirm an e-mail address, by the token of a mail.
    ///
    /// The token is good once, and only as long as the account has the address that the mail went
    /// to. From then on nobody else can have the address, and it can be signed in with.
    #[oai(path = "/email/verify", method = "post", operation_id = "verify_email")]
    async fn verify(&self, Body(form): Body<Verification>) -> Result<NoContent, VerifyError> {
        let AppState { pool, clock, .. } = &*self.0;
        let mut connection = pool.acquire().await?;
        if !token_store::verify(&mut connection, &email::hash(&form.token), clock.now()).await? {
            return Err(VerifyError::TokenInvalid);
        }
        Ok(NoContent)
    }
}
