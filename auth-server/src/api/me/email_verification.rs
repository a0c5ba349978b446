//! `POST /api/v1/me/email/verification`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::email::EmailAddress;
use crate::http::{Accepted, ClientAddress};
use crate::problems;
use crate::throttle::TOO_MANY;
use crate::user::store;

problems! {
    /// What can go wrong with asking for the mail.
    pub(crate) enum SendError includes [SIGNED_IN, &[TOO_MANY], DATABASE] {
        Gone = 404 "user_not_found" "There is no such account any more.",
        Nothing = 409 "nothing_to_verify" "There is no address, or it is confirmed already.",
    }
}

/// The operation.
pub(crate) struct SendAgain(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl SendAgain {
    /// Ask for another mail that confirms one's e-mail address.
    #[oai(path = "/email/verification", method = "post", operation_id = "send_verification")]
    async fn send(
        &self,
        SignedIn(caller): SignedIn,
        ClientAddress(from): ClientAddress,
    ) -> Result<Accepted, SendError> {
        let mut connection = self.0.pool.acquire().await?;
        let row = store::read(&mut connection, caller.user).await?;
        drop(connection);
        let row = row.ok_or(SendError::Gone)?;
        let claimed = row.email.filter(|_| row.email_verified_at.is_none());
        let claimed = claimed.and_then(|email| EmailAddress::parse(&email).ok());
        let email = claimed.ok_or(SendError::Nothing)?;
        self.0.throttle.mail(email.key(), from).await?;
        self.0.ask_for_verification(caller.user, email);
        Ok(Accepted)
    }
}
