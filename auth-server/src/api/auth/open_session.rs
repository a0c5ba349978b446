//! Opening the session of a login. Every way of logging in ends here.

use policies::RoleName;
use uuid::Uuid;

use super::token_pair::TokenPair;
use crate::api::AppState;
use crate::db::PgConnection;
use crate::http::problem::Problem;
use crate::policy::grants::{self, Grants};
use crate::session::{Device, Revocation};
use crate::token::Subject;
use crate::user::user_agents;

/// A session that exists once its transaction has committed.
pub(crate) struct OpenedSession {
    pub id: Uuid,
    pub tokens: TokenPair,
    /// The user's roles.
    pub roles: Vec<RoleName>,
    /// The user's sessions that ended to make room; to be announced after the commit.
    pub revocations: Vec<Revocation>,
}

/// Why no session was opened.
pub(crate) enum SessionError {
    /// The account accepts certain user agents only. To be told only to callers who presented valid
    /// credentials: others must not learn that there is such a list.
    UserAgentNotAllowed,
    Problem(Problem),
}

impl From<Problem> for SessionError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for SessionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// Opens the user's session of this `number` and issues its tokens, in the transaction that assigned
/// the number.
pub(crate) async fn open_session(
    state: &AppState,
    transaction: &mut PgConnection,
    user: Uuid,
    number: i64,
    device: &Device,
) -> Result<OpenedSession, SessionError> {
    check_user_agent(transaction, user, device).await?;
    Ok(open_first_session(state, transaction, user, number, device).await?)
}

/// As [`open_session`], for an account that was just created: it accepts every user agent.
pub(crate) async fn open_first_session(
    state: &AppState,
    transaction: &mut PgConnection,
    user: Uuid,
    number: i64,
    device: &Device,
) -> Result<OpenedSession, Problem> {
    let opened = state.sessions.open(transaction, user, number, device).await?;
    let Grants { roles, revision } = grants::of_user(transaction, user).await?;
    let access = state.issuer.issue(Subject {
        user,
        session: opened.id,
        session_number: opened.number,
        roles: roles.clone(),
        revision,
    })?;
    let tokens = TokenPair::new(access, opened.refresh_token);
    Ok(OpenedSession { id: opened.id, tokens, roles, revocations: opened.revocations })
}

/// Rejects user agents that are not on the account's list, if it has one.
pub(crate) async fn check_user_agent(
    database: &mut PgConnection,
    user: Uuid,
    device: &Device,
) -> Result<(), SessionError> {
    let list = user_agents::read(database, user).await?;
    if list.is_none_or(|list| list.allows(device.name.as_deref())) {
        return Ok(());
    }
    Err(SessionError::UserAgentNotAllowed)
}
