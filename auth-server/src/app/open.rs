//! The database and the policy in it, for the server and for the command line.

use chrono::TimeDelta;
use policies::Label;
use policies::label_rules::{LabelRules, SHIPPED};
use sqlx::{Connection, PgConnection};

use super::StartError;
use crate::clock::Clock;
use crate::config::{Config, DatabaseConfig, PolicyConfig, RedisConfig};
use crate::db::{Limits, PgPool, migrations};
use crate::policy;
use crate::policy::LivePolicy;
use crate::token::LEEWAY;

/// Connects to the database, for statements that no request waits for.
pub(crate) async fn database(config: &DatabaseConfig) -> Result<PgPool, StartError> {
    let options = config.url.options().clone();
    // A pool would retry until its timeout and lose the reason.
    let first = tokio::time::timeout(config.timeout(), PgConnection::connect_with(&options)).await;
    let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let broken = |error| StartError::Database(config.url.clone(), error);
    first.map_err(broken)?.close().await.map_err(broken)?;
    Ok(PgPool::new(options, config.connections(), config.timeout(), Limits::MAINTENANCE))
}

/// Connects to the database and checks its migrations.
pub(crate) async fn migrated(config: &DatabaseConfig) -> Result<PgPool, StartError> {
    let pool = database(config).await?;
    migrations::check(pool.raw()).await.map_err(StartError::Migrations)?;
    Ok(pool)
}

/// Added to the lifetime of access tokens, for clocks that differ between servers.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// Connects to the database, checks its migrations and loads the policy.
pub(crate) async fn policy(
    config: &Config,
    clock: &Clock,
) -> Result<(PgPool, LivePolicy), StartError> {
    let pool = migrated(&config.database).await?;
    let time_bound_labels = time_bound_labels(&config.policy).await?;
    let max_token_age = config.token.life() + LEEWAY + MARGIN;
    let policy = policy::load(&pool, time_bound_labels, max_token_age, clock.now()).await;
    Ok((pool, policy.map_err(StartError::Policy)?))
}

/// The labels that have a validity period.
async fn time_bound_labels(config: &PolicyConfig) -> Result<Vec<Label>, StartError> {
    let rules = match &config.labels {
        None => LabelRules::parse(SHIPPED)?,
        Some(path) => {
            let text = tokio::fs::read_to_string(path).await;
            LabelRules::parse(&text.map_err(|error| StartError::LabelsFile(path.clone(), error))?)?
        }
    };
    Ok(rules.time_bound_labels().cloned().collect())
}

/// Redis, if it is configured; connects when it is first used.
pub(crate) fn redis(config: &RedisConfig) -> Result<Option<redis::Client>, StartError> {
    let client = config.connection().cloned().map(redis::Client::open).transpose();
    client.map_err(StartError::Redis)
}
