//! `POST /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication, incorrect_password};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::problems;
use crate::second_factor::{store, svg};
use crate::throttle::THROTTLE;
use crate::user;

/// What the authenticator app has to know; it is shown this once.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct Enrolment {
    /// The secret in base32, for typing.
    secret: String,
    /// The same as `otpauth://` URI: six digits, SHA-1, 30 seconds.
    uri: String,
    /// The URI as a QR code to scan: an SVG document.
    qr_svg: String,
}

problems! {
    /// What can go wrong with beginning a second factor.
    pub(crate) enum EnrolError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE]
    {
        Active = 409 "second_factor_active" "You have a second factor; take it away first.",
    }
}

/// The operation.
pub(crate) struct Enrol(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Enrol {
    /// Begin a second factor.
    ///
    /// It counts once its first code was sent to `/api/v1/me/second-factor/confirm`. Asking again
    /// before gives another secret.
    #[oai(path = "/second-factor", method = "post", operation_id = "begin_second_factor")]
    async fn begin(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<Reply<Enrolment>, EnrolError> {
        let AppState { pool, second_factors, clock, .. } = &*self.0;
        self.0.reauthenticate(&caller, sent).await?;
        let mut database = pool.acquire().await?;
        let account = user::store::read(&mut database, caller.user).await?;
        let account = account.ok_or_else(incorrect_password)?;
        let made = second_factors.enrol(caller.user, &account.login)?;
        let qr_svg = svg(&made.uri)?;
        if !store::begin(&mut database, caller.user, &made.encrypted, clock.now()).await? {
            return Err(EnrolError::Active);
        }
        Ok(Reply(Enrolment { secret: made.secret.to_string(), uri: made.uri.to_string(), qr_svg }))
    }
}
