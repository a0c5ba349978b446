//! What people can't mend themselves who have shut themselves out: for the API and for the command
//! line.

use sqlx::PgPool;

use super::disable::Outcome;
use super::view;
use super::view::Person;
use super::{Login, agents};
use crate::audit::{Actor, Record};
use crate::clock::Clock;
use crate::http::problem::Problem;
use crate::policy::LivePolicy;
use crate::policy::write::PolicyWrite;
use crate::second_factor;
use crate::session::{Limits, Revocation, RevocationPeriod, end_all};

/// Takes a person's second factor away and ends the sessions. Where there is none, nothing happens.
pub(crate) async fn reset_second_factor(
    mut write: PolicyWrite<'_>,
    person: &Person,
    by: Actor,
    period: RevocationPeriod,
) -> Result<Option<Revocation>, Problem> {
    if !second_factor::store::remove(write.db(), person.id).await? {
        return Ok(None);
    }
    let revocation = end_all(write.db(), person.id, "second_factor_reset", period).await?;
    let target = format!("user:{}", person.id);
    write.commit_without_revision(Record::new(by, "reset_second_factor_of_user", target)).await?;
    Ok(revocation)
}

/// Takes the second factor of the account with this login away, from the command line.
///
/// # Errors
/// The database is away.
pub(crate) async fn second_factor(
    (pool, policy): (&PgPool, &LivePolicy),
    clock: &Clock,
    limits: Limits,
    login: &str,
) -> Result<Outcome, Problem> {
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let Some(person) = view::with_login(write.db(), &Login::key_of(login)).await? else {
        return Ok(Outcome::Unknown);
    };
    let period = limits.revocation_period(write.at());
    let ended = reset_second_factor(write, &person, Actor::CommandLine, period).await?;
    Ok(if ended.is_some() { Outcome::Done } else { Outcome::Already })
}

/// Lets every program sign in to the account with this login, from the command line.
///
/// # Errors
/// The database is away.
pub(crate) async fn user_agents(
    (pool, policy): (&PgPool, &LivePolicy),
    clock: &Clock,
    login: &str,
) -> Result<Outcome, Problem> {
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let Some(person) = view::with_login(write.db(), &Login::key_of(login)).await? else {
        return Ok(Outcome::Unknown);
    };
    if !agents::allow_all(write.db(), person.id).await? {
        return Ok(Outcome::Already);
    }
    let target = format!("user:{}", person.id);
    let record = Record::new(Actor::CommandLine, "allow_all_user_agents_of_user", target);
    write.commit_without_revision(record).await?;
    Ok(Outcome::Done)
}
