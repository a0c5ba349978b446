//! `POST /api/v1/auth/refresh`

use std::fmt;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::FromDevice;
use super::token_pair::TokenPair;
use crate::api::AppState;
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::login_history::{LoginAttempt, LoginOutcome, Merged, Method};
use crate::problems;
use crate::session::{Refreshed, Rotation};
use crate::token::Subject;

/// A refresh token.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RefreshForm {
    /// The refresh token of the latest pair.
    #[oai(write_only)]
    refresh_token: String,
}

impl fmt::Debug for RefreshForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshForm")
    }
}

problems! {
    /// Why no new tokens were issued.
    pub(crate) enum RefreshError includes [BODY, DATABASE] {
        Invalid = 401 "refresh_token_invalid" "Invalid, expired or already used refresh token; log in again.",
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
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_tokens")]
    async fn refresh(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<RefreshForm>,
    ) -> Result<Reply<TokenPair>, RefreshError> {
        let AppState { pool, sessions, authenticator, history, .. } = &*self.0;
        match sessions.refresh(pool, &form.refresh_token, &device).await? {
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
            Rotation::Invalid => Err(RefreshError::Invalid),
        }
    }
}

impl Refresh {
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
