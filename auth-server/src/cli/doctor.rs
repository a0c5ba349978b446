//! `auth-server doctor`: checks everything that `serve` needs and reports problems. It changes
//! nothing.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use service::config::ConfigError;
use service::output::{self, OutputError};

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::{Config, RedisConfig};
use crate::crypto::EncryptionKeys;
use crate::crypto::{Purpose, Secrets};
use crate::db::{ClockReading, PgPool, migrations, status};
use crate::email;
use crate::oidc::Oidc;
use crate::redis::is_answer;
use crate::token;
use crate::token::KeyRing;

/// The result of one check: its state, or the problem and what to do about it.
type CheckResult = Result<String, String>;

/// Timeout for Redis and for the mail server.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Timeout of each step towards Redis.
const REDIS_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum difference between this machine's clock and the database's. Token verification tolerates
/// five seconds between any two servers.
const MAX_CLOCK_DIFFERENCE: TimeDelta = TimeDelta::seconds(2);

/// Runs all checks, and prints a line for each.
pub(crate) async fn run(config: Result<Config, ConfigError>) -> Result<ExitCode, Failure> {
    let mut report = Report { healthy: true };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            report.add("configuration", Err(error.to_string()))?;
            return Ok(report.code());
        }
    };
    report.add("configuration", Ok("all settings are valid".into()))?;
    report.add("providers", providers(&config))?;
    report.add("redis", redis(&config.redis).await)?;
    report.add("mail", email(&config).await)?;
    match open::database(&config.database).await {
        Err(error) => {
            report.add("database", problem(error, "start PostgreSQL, or correct DATABASE_URL"))?;
            output::print(format_args!(
                "skipped: migrations, clock, signing keys, policy (they need the database)"
            ))?;
        }
        Ok(pool) => with_database(&mut report, &config, &pool).await?,
    }
    Ok(report.code())
}

async fn with_database(
    report: &mut Report,
    config: &Config,
    pool: &PgPool,
) -> Result<(), OutputError> {
    let clock = Clock::default();
    report.add("database", database(config, pool).await)?;
    report.add("clock", time(pool, &clock).await)?;
    let schema = migrations::check(pool.raw()).await;
    let is_current = schema.is_ok();
    let schema = schema.map(|()| "up to date".into()).map_err(|error| error.to_string());
    report.add("migrations", schema)?;
    if is_current {
        report.add("signing keys", keys(config, pool, &clock).await)?;
        report.add("policy", policy(config, pool, &clock).await)?;
    } else {
        output::print(format_args!("skipped: signing keys, policy (they need the migrations)"))?;
    }
    Ok(())
}

struct Report {
    healthy: bool,
}

impl Report {
    fn add(&mut self, what: &str, result: CheckResult) -> Result<(), OutputError> {
        match result {
            Ok(state) => output::print(format_args!("ok    {what}: {state}")),
            Err(problem) => {
                self.healthy = false;
                output::print(format_args!("FAIL  {what}: {problem}"))
            }
        }
    }

    const fn code(&self) -> ExitCode {
        if self.healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn providers(config: &Config) -> CheckResult {
    let count = Oidc::count(config).map_err(|error| format!("oidc.provider: {error}"))?;
    Ok(format!("{count} configured"))
}

/// A problem, and what to do about it.
fn problem(error: impl Display, advice: &str) -> CheckResult {
    Err(format!("{error}; {advice}"))
}

async fn redis(config: &RedisConfig) -> CheckResult {
    let advice = "start Redis, or correct REDIS_URL; a single server does not need it";
    let redis = match open::redis(config) {
        Ok(Some(redis)) => redis,
        Ok(None) => return Ok("not configured; correct for a single server".into()),
        Err(error) => return problem(error, advice),
    };
    match tokio::time::timeout(TIMEOUT, redis.connect(REDIS_TIMEOUT)).await {
        Ok(Ok(_)) => Ok("accepts writes".into()),
        Ok(Err(error)) if is_answer(&error) => problem(
            format!("unusable: {error}"),
            "point REDIS_URL at a primary with free memory or a cluster that serves all slots, and grant its user \
             what the README lists",
        ),
        Ok(Err(error)) => problem(error, advice),
        Err(_) => problem("no response", advice),
    }
}

async fn email(config: &Config) -> CheckResult {
    email::check_templates(&config.second_factor.name, &config.mail)
        .map_err(|error| error.to_string())?;
    let Some(server) = &config.mail.server else {
        return Ok("not configured: links go to the log, for development only".into());
    };
    let advice = "start the mail server, or correct AUTH_SMTP_URL and AUTH_SMTP_CA_FILE";
    match tokio::time::timeout(TIMEOUT, email::check_server(server)).await {
        Ok(Ok(())) => Ok(format!("{} accepts messages", server.url)),
        Ok(Err(error)) => problem(error, advice),
        Err(_) => problem("no response", advice),
    }
}

async fn database(config: &Config, pool: &PgPool) -> CheckResult {
    let url = &config.database.url;
    match status::read(pool).await {
        Ok(status) if status.is_writable() => Ok(format!("{url} accepts reads and writes")),
        Ok(status) if status.is_read_only => {
            problem(format!("{url} is read-only"), "point DATABASE_URL at the primary server")
        }
        Ok(status) => problem(
            format!("{url}: its role may not read and write {}", status.forbidden.join(", ")),
            "grant it SELECT, INSERT, UPDATE and DELETE",
        ),
        Err(error) => problem(error, "correct DATABASE_URL"),
    }
}

async fn time(pool: &PgPool, clock: &Clock) -> CheckResult {
    let apart = match ClockReading::take(pool, clock).await {
        Ok(reading) => reading.skew.abs(),
        Err(error) => return problem(error, "correct DATABASE_URL"),
    };
    if apart > MAX_CLOCK_DIFFERENCE {
        let seconds = apart.num_seconds();
        let apart = format!("{seconds} s difference from the database's clock");
        return problem(apart, "synchronize the clocks of both machines, for example with chrony");
    }
    Ok(format!("{} ms difference from the database's clock", apart.num_milliseconds()))
}

async fn keys(config: &Config, pool: &PgPool, clock: &Clock) -> CheckResult {
    let secrets = Secrets::load(&config.secret).map_err(|error| error.to_string())?;
    let Some(secrets) = secrets else { return keys_without_secret(pool, clock).await };
    let ring = KeyRing::load(
        pool.clone(),
        EncryptionKeys::of(&secrets, Purpose::SigningKeyEncryption),
        clock.clone(),
    )
    .await;
    let ring = ring.map_err(|error| error.to_string())?;
    match (ring.signing(), ring.active().len()) {
        (Some(key), active) if key.verifies_itself() => {
            Ok(format!("{active} decrypted, {} signs", key.kid))
        }
        (Some(key), _) => problem(
            format!("signatures of key {} cannot be verified", key.kid),
            "replace it: auth-server keys rotate --lead 0",
        ),
        (None, 0) => Ok("none yet; the first start of `serve` creates one".into()),
        (None, _) => problem("no key signs yet", "compare the clocks of the servers"),
    }
}

/// Without a secret there must not be any key encrypted with one.
async fn keys_without_secret(pool: &PgPool, clock: &Clock) -> CheckResult {
    match token::list(pool, clock.now()).await {
        Ok(keys) if keys.is_empty() => {
            Ok("none yet; the first start of `serve` creates one, and the secret that encrypts it"
                .into())
        }
        Ok(_) => problem(
            "AUTH_SECRET is not set, and no secret is stored on this machine",
            "set AUTH_SECRET to the secret that encrypted the keys",
        ),
        Err(error) => problem(error, "correct DATABASE_URL"),
    }
}

async fn policy(config: &Config, pool: &PgPool, clock: &Clock) -> CheckResult {
    match open::load_policy(pool, config, clock).await {
        Ok(policy) => Ok(format!("loads, at revision {}", policy.snapshot().revision())),
        Err(error) => problem(error, "running servers keep the policy that they have loaded"),
    }
}
