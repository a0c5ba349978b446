//! `auth-server role …`: roles and what they inherit.

use clap::{Args, Subcommand};
use policies::{Description, RoleName};
use service::output;

use super::{Failure, role_name};
use crate::app::open;
use crate::audit::Actor;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::role_changes::{self, RoleSettings};
use crate::policy::roles::{self, StoredRole};
use crate::policy::write::PolicyWrite;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List roles by name
    List {
        /// Print JSON: a list of roles as `GET /api/v1/roles` has them
        #[arg(long)]
        json: bool,
    },
    /// Create a role
    Create(NewRole),
    /// Delete a role and revoke it from all users; refused while rules or other roles refer to it
    Delete {
        /// Name of the role
        name: String,
        /// Print JSON: the role as it was
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct NewRole {
    /// Name: 1 to 64 characters of a-z 0-9 _ . -
    #[arg(value_parser = RoleName::parse)]
    name: RoleName,
    /// What the role is for, one line
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = Description::parse)]
    description: Description,
    /// Role that it inherits; can be repeated
    #[arg(long = "inherits", value_name = "ROLE")]
    inherits: Vec<String>,
    /// Print JSON: the role as `GET /api/v1/roles` has it
    #[arg(long)]
    json: bool,
}

/// Roles per query.
const PAGE_SIZE: i64 = 1_000;

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::List { json } => list(&config, json).await,
        Command::Create(options) => create(&config, options).await,
        Command::Delete { name, json } => delete(&config, &name, json).await,
    }
}

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = roles::page(&pool, &after, PAGE_SIZE).await.map_err(Failure::because)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        all.extend(page);
    }
    if json {
        return Ok(output::print_json(&all)?);
    }
    Ok(all.iter().try_for_each(|role| output::print(line(role)))?)
}

async fn create(config: &Config, options: NewRole) -> Result<(), Failure> {
    let NewRole { name, description, inherits, json } = options;
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let inherits = inherits.iter().map(|role| role_name(&policy, role));
    let inherits = Some(inherits.collect::<Result<Vec<_>, _>>()?);
    let settings = RoleSettings { description: Some(description), inherits };
    let mut write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    let written = role_changes::create(&mut write, Actor::CommandLine, name, settings).await?;
    write.commit(written.record).await?;
    if json {
        return Ok(output::print_json(&written.state)?);
    }
    Ok(output::print(line(&written.state))?)
}

async fn delete(config: &Config, name: &str, json: bool) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let name = role_name(&policy, name)?;
    let mut write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    let role = roles::find(&mut *write.db(), &name).await.map_err(Failure::because)?;
    let role = role.ok_or_else(|| Failure::because("the role was deleted meanwhile"))?;
    let record = role_changes::delete(&mut write, Actor::CommandLine, name, &role).await?;
    write.commit(record).await?;
    if json {
        return Ok(output::print_json(&role)?);
    }
    Ok(output::print(format_args!("the role {} is deleted", role.name))?)
}

fn line(StoredRole { name, inherits, description, builtin, .. }: &StoredRole) -> String {
    let builtin = builtin.then(|| "built in".to_owned());
    let inherits = (!inherits.is_empty()).then(|| format!("inherits {}", inherits.join(",")));
    let description = (!description.is_empty()).then(|| description.clone());
    let parts = [Some(name.clone()), builtin, inherits, description];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
