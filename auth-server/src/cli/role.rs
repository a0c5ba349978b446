//! `auth-server role …`: roles and what they inherit.

use clap::Subcommand;
use service::output;

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::roles::{self, StoredRole};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List roles by name
    List {
        /// Print JSON: a list of roles as `GET /api/v1/roles` has them
        #[arg(long)]
        json: bool,
    },
}

/// Roles per query.
const PAGE_SIZE: i64 = 1_000;

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::List { json } => list(&config, json).await,
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

fn line(StoredRole { name, inherits, description, builtin, .. }: &StoredRole) -> String {
    let builtin = builtin.then(|| "built in".to_owned());
    let inherits = (!inherits.is_empty()).then(|| format!("inherits {}", inherits.join(",")));
    let description = (!description.is_empty()).then(|| description.clone());
    let parts = [Some(name.clone()), builtin, inherits, description];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
