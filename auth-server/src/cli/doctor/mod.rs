//! `auth-server doctor`: checks everything that `serve` needs and reports problems. It changes
//! nothing.

mod contents;
mod machine;
mod report;
mod stores;

use std::process::ExitCode;

use clap::Args;
use service::config::ConfigError;

use self::report::{Finding, Report};
use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{PgPool, migrations};

#[derive(Args)]
pub(crate) struct Options {
    /// Print JSON: `status` of all, and `checks` with `check`, `status` (`ok`, `skipped`, `warning`, `failed`),
    /// `message` and `remedy`
    #[arg(long)]
    json: bool,
}

/// Runs all checks, and prints a line for each. Warnings do not change the exit code.
pub(crate) async fn run(
    options: &Options,
    config: Result<Config, ConfigError>,
) -> Result<ExitCode, Failure> {
    let mut report = Report::new(options.json);
    match config {
        Ok(config) => check(&mut report, &config).await?,
        Err(error) => report.add(
            "configuration",
            Finding::failed(error, "correct it; `auth-server serve --help` lists all settings"),
        )?,
    }
    Ok(report.finish()?)
}

async fn check(report: &mut Report, config: &Config) -> Result<(), Failure> {
    report.add("configuration", Finding::ok("all settings are valid"))?;
    report.add("listen", machine::port("AUTH_LISTEN", Some(&config.server.listen)).await)?;
    let ops = machine::port("AUTH_OPS_LISTEN", config.server.ops_listen.as_ref()).await;
    report.add("ops listen", ops)?;
    report.add("state directory", machine::state_directory(&config.secret))?;
    report.add("providers", stores::providers(config).await)?;
    report.add("redis", stores::redis(&config.redis).await)?;
    report.add("mail", stores::email(config).await)?;
    report.add("films", stores::films(config).await)?;
    match open::database(&config.database).await {
        Err(error) => {
            let remedy = "start PostgreSQL, or correct DATABASE_URL";
            report.add("database", Finding::failed(error, remedy))?;
            for skipped in ["clock", "migrations", "signing keys", "policy", "superusers"] {
                report.add(skipped, Finding::needs("the database"))?;
            }
        }
        Ok(pool) => check_database(report, config, &pool).await?,
    }
    Ok(())
}

async fn check_database(
    report: &mut Report,
    config: &Config,
    pool: &PgPool,
) -> Result<(), Failure> {
    let clock = Clock::default();
    report.add("database", stores::database(config, pool).await)?;
    report.add("clock", stores::time(config, pool, &clock).await)?;
    if let Err(error) = migrations::check(pool.raw()).await {
        report.add("migrations", Finding::explained(error))?;
        for skipped in ["signing keys", "policy", "superusers"] {
            report.add(skipped, Finding::needs("the migrations"))?;
        }
        return Ok(());
    }
    report.add("migrations", Finding::ok("up to date"))?;
    report.add("signing keys", contents::keys(config, pool, &clock).await)?;
    report.add("policy", contents::policy(config, pool, &clock).await)?;
    report.add("superusers", contents::superusers(pool).await)?;
    Ok(())
}
