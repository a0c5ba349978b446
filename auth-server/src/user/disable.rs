//! Whether somebody may use the account they have: for the API and for the command line.

use policies::RoleName;
use serde_json::json;
use sqlx::PgPool;

use super::Login;
use super::view;
use super::view::Person;
use crate::audit::{Actor, Record};
use crate::clock::Clock;
use crate::http::problem::Problem;
use crate::policy::write::PolicyWrite;
use crate::policy::{LivePolicy, grants};
use crate::session::{Limits, Revocation, RevocationPeriod, end_all};

/// What became of a wish about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is so from now on.
    Done,
    /// It was so already.
    Already,
    /// Nobody has this login.
    Unknown,
}

/// Disables an account and ends its sessions. The last superuser cannot be removed.
pub(crate) async fn disable(
    mut write: PolicyWrite<'_>,
    person: &Person,
    by: Actor,
    period: RevocationPeriod,
) -> Result<Option<Revocation>, Problem> {
    if person.disabled {
        return Ok(None);
    }
    let at = write.at();
    view::set_disabled(write.db(), person.id, Some(at)).await?;
    if person.role_names()?.contains(&RoleName::superuser()) {
        grants::refuse_last_superuser(write.db()).await?;
    }
    let revocation = end_all(write.db(), person.id, "disabled", period).await?;
    let record = Record::new(by, "disable_user", format!("user:{}", person.id))
        .before(json!({ "disabled": false }))
        .after(json!({ "disabled": true }));
    write.commit_without_revision(record).await?;
    Ok(revocation)
}

/// Enables an account. Its sessions from before stay ended.
pub(crate) async fn enable(
    mut write: PolicyWrite<'_>,
    person: &Person,
    by: Actor,
) -> Result<(), Problem> {
    if !person.disabled {
        return Ok(());
    }
    view::set_disabled(write.db(), person.id, None).await?;
    let record = Record::new(by, "enable_user", format!("user:{}", person.id))
        .before(json!({ "disabled": true }))
        .after(json!({ "disabled": false }));
    write.commit_without_revision(record).await
}

/// Disables or enables the account with this login, from the command line.
///
/// # Errors
/// It is the last superuser's, or the database is away.
pub(crate) async fn switch(
    (pool, policy): (&PgPool, &LivePolicy),
    clock: &Clock,
    limits: Limits,
    login: &str,
    on: bool,
) -> Result<Outcome, Problem> {
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let Some(person) = view::with_login(write.db(), &Login::key_of(login)).await? else {
        return Ok(Outcome::Unknown);
    };
    if person.disabled != on {
        return Ok(Outcome::Already);
    }
    let period = limits.revocation_period(write.at());
    if on {
        enable(write, &person, Actor::CommandLine).await?;
    } else {
        disable(write, &person, Actor::CommandLine, period).await?;
    }
    Ok(Outcome::Done)
}
