//! Accounts that only some programs may sign in to.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::http::problem::{Problem, Spec};
use crate::session::Device;
use crate::user::user_agents;

/// What a program gets that may not sign in to the account, when its credentials were right: before,
/// it gets what everybody gets.
pub(crate) const NOT_ALLOWED: Spec = Spec {
    status: 403,
    code: "agent_not_allowed",
    title: "This account does not take sign-ins from this program.",
};

/// What every way of signing in can answer.
pub(crate) const AGENT: &[Spec] = &[NOT_ALLOWED];

/// Refuses a program that is not on the user's list, where there is one.
pub(crate) async fn check(
    database: &mut PgConnection,
    user: Uuid,
    device: &Device,
) -> Result<(), Problem> {
    let list = user_agents::read(database, user).await?;
    if list.is_none_or(|list| list.allows(device.name.as_deref())) {
        return Ok(());
    }
    Err(Problem::new(NOT_ALLOWED)
        .detail("Its owner allows some programs only, by their user agents; take one of these."))
}
