//! `auth-server audit`: who changed what.

use clap::Args;
use service::output;

use super::{Failure, second};
use crate::app::open;
use crate::audit::{self, StoredRecord};
use crate::clock::Clock;
use crate::config::Config;

#[derive(Args)]
pub(crate) struct Options {
    /// Number of records, newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only writes to this target: `user:ID`, `role:NAME`, `rule:ID`, `client:ID`, `key:ID`, `policy`
    #[arg(long)]
    target: Option<String>,
    /// Print JSON: a list of records as `GET /api/v1/audit` has them, with the state before and after
    #[arg(long)]
    json: bool,
}

/// Records per query.
const PAGE_SIZE: i64 = 1_000;

pub(crate) async fn run(options: &Options, config: &Config) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let is_meant = |record: &StoredRecord| {
        options.target.as_ref().is_none_or(|target| *target == record.target)
    };
    let (mut records, mut before) = (Vec::new(), i64::MAX);
    while records.len() < limit {
        let page = audit::page(&pool, before, PAGE_SIZE).await.map_err(Failure::because)?;
        let Some(oldest) = page.last() else { break };
        before = oldest.id;
        records.extend(page.into_iter().filter(is_meant));
    }
    records.truncate(limit);
    if options.json {
        output::print_json(&records)?;
    } else {
        records.iter().try_for_each(|record| output::print(line(record)))?;
    }
    Ok(())
}

fn line(record: &StoredRecord) -> String {
    let StoredRecord { at, by, by_login, via, operation, target, revision, .. } = record;
    let by = match (by_login, by) {
        (Some(login), _) => login.clone(),
        (None, Some(deleted)) => deleted.to_string(),
        (None, None) => "-".to_owned(),
    };
    format!("{}  {via:<3}  {by}  {operation}  {target}  revision {revision}", second(*at))
}
