//! `auth-server migrate`.

use serde::Serialize;
use service::output::{self, OutputError};

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{connect, migrations};
use crate::policy;
use crate::user::adopt::adopt;

/// What was done.
#[derive(Serialize)]
struct Migrated {
    /// The migrations that were applied.
    applied: Vec<String>,
    /// Logins of earlier accounts that are the same now.
    warnings: Vec<String>,
    /// Number of shipped rules that were installed.
    installed_rules: usize,
}

pub(crate) async fn run(config: Config, json: bool) -> Result<(), Failure> {
    let pool = open::database(&config.database).await?;
    let direct = connect(config.database.direct().options()).await.map_err(Failure::because)?;
    let applied = migrations::migrate(direct).await.map_err(Failure::because)?;
    let collisions = adopt(&pool).await.map_err(Failure::because)?;
    let warnings = collisions.iter().map(ToString::to_string).collect();
    let seeded = policy::seed::seed(&pool, Clock::default().now()).await;
    let installed_rules = seeded.map_err(Failure::because)?;
    let migrated = Migrated { applied, warnings, installed_rules };
    if json {
        return Ok(output::print_json(&migrated)?);
    }
    Ok(migrated.print()?)
}

impl Migrated {
    fn print(&self) -> Result<(), OutputError> {
        self.applied.iter().try_for_each(|name| output::print(format_args!("applied {name}")))?;
        if self.applied.is_empty() {
            output::print("the database is up to date")?;
        }
        let mut warnings = self.warnings.iter();
        warnings.try_for_each(|warning| output::print(format_args!("warning: {warning}")))?;
        match self.installed_rules {
            0 => Ok(()),
            rules => output::print(format_args!("installed {rules} shipped rules")),
        }
    }
}
