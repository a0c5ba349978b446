//! `POST /api/v1/auth/refresh`

use std::fmt;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::FromDevice;
use super::token_pair::TokenPair;
use crate::api::AppState;
use crate::db::DATABASE_WRITE;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::login_history::{LoginAttempt, LoginOutcome, Merged, Method};
use crate::problems;
use crate::session::{Companion, Presented, Refreshed, Rotation};
use crate::token::Subject;

/// The tokens of a session.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RefreshForm {
    /// The refresh token of the latest pair.
    #[oai(write_only)]
    refresh_token: String,
    /// The access token of the same session, expired or not; optional. If it is sent and is not one of that
    /// session, nothing is refreshed, so that neither token alone is enough.
    #[oai(write_only)]
    access_token: Option<String>,
}

impl fmt::Debug for RefreshForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshForm")
    }
}

problems! {
    /// Why no new tokens were issued.
    pub(crate) enum RefreshError includes [BODY, DATABASE_WRITE] {
        Invalid = 401 "refresh_token_invalid" "Invalid, expired or already used refresh token; log in again.",
        PairMismatch = 401 "token_pair_mismatch" "The access token is not one of the refresh token's session; send both tokens of the latest pair.",
    }
}

pub(crate) struct Refresh(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Refresh {
    /// Exchange a refresh token for a new pair of tokens.
    ///
    /// Each refresh token works once. For ten seconds a repeated request gets the same successor
    /// again, in case a response was lost; if it goes to another device or address, the login history
    /// says so. Reuse after that ends the session, since the token must
    /// have been copied, and is recorded in the login history.
    ///
    /// With an `access_token`, both have to be of one session. Otherwise the refresh token stays as good as
    /// it was.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_tokens")]
    async fn refresh(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<RefreshForm>,
    ) -> Result<Reply<TokenPair>, RefreshError> {
        let AppState { pool, sessions, authenticator, history, .. } = &*self.0;
        let presented = self.presented(&form).await?;
        match sessions.refresh(pool, &presented, &device).await? {
            Rotation::Refreshed(refreshed) => Ok(self.tokens(refreshed)?),
            Rotation::RepeatedElsewhere(refreshed) => {
                let attempt = LoginAttempt {
                    user: Some(refreshed.user),
                    session: Some(refreshed.session),
                    merged: Some(Merged::ByPeriod),
                    ..LoginAttempt::new(Method::RefreshToken, device)
                };
                history.record(attempt, LoginOutcome::RefreshRepeatedElsewhere);
                Ok(self.tokens(refreshed)?)
            }
            Rotation::Reused { session, revocation } => {
                let attempt = LoginAttempt {
                    user: Some(revocation.user),
                    session: Some(session),
                    ..LoginAttempt::new(Method::RefreshToken, device)
                };
                authenticator.revoke(&[revocation]);
                history.record(attempt, LoginOutcome::RefreshTokenReused);
                Err(RefreshError::Invalid)
            }
            Rotation::PairMismatch => Err(RefreshError::PairMismatch),
            Rotation::Invalid => Err(RefreshError::Invalid),
        }
    }
}

impl Refresh {
    async fn presented(&self, form: &RefreshForm) -> Result<Presented, RefreshError> {
        let AppState { sessions, authenticator, .. } = &*self.0;
        let token = sessions.decode(&form.refresh_token).ok_or(RefreshError::Invalid)?;
        let companion = match &form.access_token {
            None => Companion::None,
            Some(access) => {
                let issued = authenticator.verify_issued(access, sessions.lifetime()).await?;
                Companion::of(issued, token.session)
            }
        };
        Ok(Presented { token, companion })
    }

    fn tokens(&self, refreshed: Refreshed) -> Result<Reply<TokenPair>, Problem> {
        let access = self.0.issuer.issue(Subject {
            user: refreshed.user,
            session: refreshed.session,
            session_number: refreshed.number,
            roles: refreshed.granted.roles,
            revision: refreshed.granted.revision,
        })?;
        Ok(Reply(TokenPair::new(access, refreshed.refresh_token)))
    }
}
