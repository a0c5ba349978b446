//! The pair of tokens that keeps somebody signed in.

use std::fmt;

use poem_openapi::Object;
use policies::RoleName;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::user_agent;
use crate::api::AppState;
use crate::http::problem::Problem;
use crate::policy::grants::{self, Grants};
use crate::session::{Device, Revocation};
use crate::token::{AccessToken, Subject};

/// An access token for requests, and a refresh token to get the next pair with.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct TokenPair {
    /// Goes into the header `Authorization: Bearer …` of requests.
    access_token: String,
    /// Good for one `POST /api/v1/auth/refresh`. Keep it where no script can read it.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl TokenPair {
    pub(crate) fn new(access: AccessToken, refresh_token: String) -> Self {
        Self {
            access_token: access.text,
            refresh_token,
            token_type: "Bearer",
            expires_in: access.expires_in,
        }
    }
}

/// What a login leaves behind when its transaction has committed.
pub(crate) struct SignedIn {
    pub session: Uuid,
    pub tokens: TokenPair,
    pub roles: Vec<RoleName>,
    pub revocations: Vec<Revocation>,
}

/// Opens the user's `number`th session and writes its tokens, in the transaction that gave it the
/// number: a session that was not committed has tokens that nobody ever sees. Every way of signing in
/// ends here, so here it turns out whether the program may. Problems: [`user_agent::AGENT`].
pub(crate) async fn sign_in(
    accounts: &AppState,
    transaction: &mut PgConnection,
    (user, number): (Uuid, i64),
    device: &Device,
) -> Result<SignedIn, Problem> {
    user_agent::check(transaction, user, device).await?;
    let opened = accounts.sessions.open(transaction, user, number, device).await?;
    let Grants { roles, revision } = grants::of_user(transaction, user).await?;
    let access = accounts.issuer.issue(Subject {
        user,
        session: opened.id,
        session_number: opened.number,
        roles: roles.clone(),
        revision,
    })?;
    let tokens = TokenPair::new(access, opened.refresh_token);
    Ok(SignedIn { session: opened.id, tokens, roles, revocations: opened.revocations })
}
