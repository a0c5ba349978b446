//! The database and the policy in it, for the server and for the command line.

use chrono::TimeDelta;
use policies::label_rules::{LabelRules, SHIPPED};
use service::database::{UnfitDatabase, check_directness, check_fitness};

use super::StartError;
use crate::clock::Clock;
use crate::config::{Config, DatabaseConfig, PolicyConfig, RedisConfig};
use crate::db::{ClockReading, Limits, PgPool, migrations};
use crate::policy;
use crate::policy::LivePolicy;
use crate::redis::Redis;
use crate::token::LEEWAY;

/// Connects to the database, for statements that no request waits for.
pub(crate) async fn database(config: &DatabaseConfig) -> Result<PgPool, StartError> {
    let options = config.url.options().clone();
    // A pool would retry until its timeout and lose the reason.
    check_fitness(&options).await.map_err(|error| match error {
        UnfitDatabase::Unavailable(error) => StartError::Database(config.url.clone(), error),
        unfit => StartError::Unfit(config.url.clone(), unfit),
    })?;
    let direct = config.direct();
    let indirect = |error| StartError::Indirect(direct.clone(), error);
    check_directness(direct.options()).await.map_err(indirect)?;
    Ok(PgPool::new(options, config.connections(), config.timeout(), Limits::MAINTENANCE))
}

/// Connects to the database, and checks its clock and its migrations.
pub(crate) async fn migrated(config: &DatabaseConfig, clock: &Clock) -> Result<PgPool, StartError> {
    let pool = database(config).await?;
    let reading = ClockReading::take(&pool, clock).await;
    let reading = reading.map_err(|error| StartError::Database(config.url.clone(), error))?;
    reading.within(config.clock_tolerance())?;
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
    let pool = migrated(&config.database, clock).await?;
    let policy = load_policy(&pool, config, clock).await?;
    Ok((pool, policy))
}

/// Loads the policy from a database whose migrations were checked.
pub(crate) async fn load_policy(
    pool: &PgPool,
    config: &Config,
    clock: &Clock,
) -> Result<LivePolicy, StartError> {
    let labels = label_rules(&config.policy).await?;
    let max_token_age = config.token.life() + LEEWAY + MARGIN;
    let policy = policy::load(pool, &labels, max_token_age, clock.now()).await;
    policy.map_err(StartError::Policy)
}

/// The rules by which the labeler gives labels.
async fn label_rules(config: &PolicyConfig) -> Result<LabelRules, StartError> {
    let Some(path) = &config.labels else { return Ok(LabelRules::parse(SHIPPED)?) };
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| StartError::LabelsFile(path.clone(), error))?;
    Ok(LabelRules::parse(&text)?)
}

/// Redis, if it is configured; connects when it is first used.
pub(crate) fn redis(config: &RedisConfig) -> Result<Option<Redis>, StartError> {
    let Some(address) = config.address() else { return Ok(None) };
    let root_cert = config.ca().map(|path| {
        std::fs::read(path).map_err(|error| StartError::RedisCertificates(path.to_owned(), error))
    });
    Redis::new(address, root_cert.transpose()?).map(Some).map_err(StartError::Redis)
}
