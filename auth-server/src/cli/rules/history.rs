//! `auth-server rules history`: the revisions that changed rules or roles.

use chrono::SecondsFormat;
use clap::Args;
use service::output;

use crate::app::open;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::revisions::store::{self, StoredRevision};

#[derive(Args)]
pub(crate) struct Options {
    /// Maximum number of revisions, newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Print a JSON array in the format of `GET /api/v1/policy/revisions`
    #[arg(long)]
    json: bool,
}

pub(super) async fn history(config: &Config, options: &Options) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let revisions = store::page(&pool, i64::MAX, options.limit.into()).await;
    let revisions = revisions.map_err(Failure::because)?;
    if options.json {
        let json = serde_json::to_string_pretty(&revisions).map_err(Failure::because)?;
        return Ok(output::print(json)?);
    }
    for revision in &revisions {
        output::print(line(revision))?;
    }
    Ok(())
}

fn line(revision: &StoredRevision) -> String {
    let StoredRevision { revision, at, by, by_login, via, operation, target, rules, roles } =
        revision;
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let id = by.map(|id| id.to_string());
    let author = by_login.as_deref().or(id.as_deref()).unwrap_or(via);
    format!("{revision:>8}  {at}  {author:<16}  {operation} {target}: {rules} rules, {roles} roles")
}
