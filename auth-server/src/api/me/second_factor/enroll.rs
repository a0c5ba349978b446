//! `POST /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::store;
use crate::throttle::THROTTLE;
use crate::user;

/// What the authenticator app needs. It is shown only once.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct Enrollment {
    /// The secret in base32, for manual entry.
    secret: String,
    /// The same as an `otpauth://` URI: six digits, SHA-1, 30 seconds.
    uri: String,
    /// The URI as a QR code: an SVG document.
    qr_svg: String,
}

problems! {
    /// Why no enrollment was started.
    pub(crate) enum EnrollError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE]
    {
        AlreadyEnabled = 409 "second_factor_active" "Two-factor authentication is already enabled; disable it first.",
    }
}

pub(crate) struct Enroll(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Enroll {
    /// Start enrolling an authenticator app as your second factor.
    ///
    /// Send its first code to `/api/v1/me/second-factor/confirm` to enable it. Starting again before
    /// that replaces the secret.
    #[oai(path = "/second-factor", method = "post", operation_id = "enroll_second_factor")]
    async fn enroll(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<Reply<Enrollment>, EnrollError> {
        let AppState { second_factors, clock, .. } = &*self.0;
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.begin_change(&reauthenticated).await?;
        let account = user::store::read(&mut transaction, caller.user).await?;
        let account = account.ok_or(sqlx::Error::RowNotFound)?;
        let new = second_factors.enroll(caller.user, &account.login)?;
        let (user, now) = (caller.user, clock.now());
        if !store::start_enrollment(&mut transaction, user, &new.encrypted, now).await? {
            return Err(EnrollError::AlreadyEnabled);
        }
        transaction.commit().await?;
        Ok(Reply(Enrollment {
            secret: new.secret.to_string(),
            uri: new.uri.to_string(),
            qr_svg: new.qr_svg,
        }))
    }
}
