//! `auth-server user grant` and `auth-server user revoke`.

use clap::Args;
use policies::RoleName;
use service::output;

use super::{begin, read};
use crate::account_admin::role_grants;
use crate::app::open;
use crate::audit::Actor;
use crate::cli::{Failure, role_name};
use crate::clock::Clock;
use crate::config::Config;

#[derive(Args)]
pub(crate) struct Options {
    /// Login, in any case
    login: String,
    /// Name of the role
    role: String,
    /// Print JSON: the user as `GET /api/v1/users/{id}` has it
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy)]
enum Direction {
    Grant,
    Revoke,
}

pub(super) async fn grant(config: &Config, options: &Options) -> Result<(), Failure> {
    change(config, options, Direction::Grant).await
}

pub(super) async fn revoke(config: &Config, options: &Options) -> Result<(), Failure> {
    change(config, options, Direction::Revoke).await
}

async fn change(config: &Config, options: &Options, direction: Direction) -> Result<(), Failure> {
    let Options { login, role, json } = options;
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let role = role_name(&policy, role)?;
    let (mut write, user) = begin(&pool, &policy, &clock, login).await?;
    let by = Actor::CommandLine;
    let record = match direction {
        Direction::Grant => role_grants::grant(&mut write, user.id, &role, by).await?,
        Direction::Revoke => role_grants::revoke(&mut write, user.id, &role, by).await?,
    };
    let changed = record.is_some();
    match record {
        Some(record) => write.commit(record).await?,
        None => write.commit_nothing().await?,
    };
    if *json {
        return read::print(&read::find(&pool, login).await?, true);
    }
    output::print(described(login, &role, direction, changed))?;
    Ok(())
}

fn described(login: &str, role: &RoleName, direction: Direction, changed: bool) -> String {
    match (direction, changed) {
        (Direction::Grant, true) => format!("{login} has the role {role}"),
        (Direction::Grant, false) => format!("{login} already has the role {role}"),
        (Direction::Revoke, true) => format!("{login} no longer has the role {role}"),
        (Direction::Revoke, false) => format!("{login} does not have the role {role}"),
    }
}
