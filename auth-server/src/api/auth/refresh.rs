//! `POST /api/v1/auth/refresh`

use std::sync::Arc;

use std::fmt;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::From as FromDevice;
use super::token_pair::TokenPair;
use crate::api::AppState;
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::login_history::{Attempt, Method};
use crate::problems;
use crate::session::Rotation;
use crate::token::Subject;

/// What somebody stays signed in with.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RefreshForm {
    /// The refresh token of the last pair.
    #[oai(write_only)]
    refresh_token: String,
}

impl fmt::Debug for RefreshForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshForm")
    }
}

problems! {
    /// What can go wrong with staying signed in.
    pub(crate) enum RefreshError includes [BODY, DATABASE] {
        Invalid = 401 "refresh_token_invalid" "This is not the refresh token of a living session.",
    }
}

/// The operation.
pub(crate) struct Refresh(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Refresh {
    /// Get the next pair of tokens.
    ///
    /// Each refresh token is good once. Where the answer was lost, the same token gets the same
    /// successor again for ten seconds; an older one ends its session, because somebody else must
    /// have a copy. That stands in the history of the user's logins.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<RefreshForm>,
    ) -> Result<Reply<TokenPair>, RefreshError> {
        let AppState { pool, sessions, .. } = &*self.0;
        let rotation = sessions.refresh(pool, &form.refresh_token).await?;
        let refreshed = match rotation {
            Rotation::Refreshed(refreshed) => refreshed,
            Rotation::Invalid => return Err(RefreshError::Invalid),
            Rotation::Reused { session, revocation } => {
                let user = Some(revocation.user);
                self.0.authenticator.revoke(&[revocation]);
                let attempt = Attempt::new(Method::RefreshToken, device);
                let attempt = Attempt { user, session: Some(session), ..attempt };
                self.0.history.note(attempt, "refresh_token_reused");
                return Err(RefreshError::Invalid);
            }
        };
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
