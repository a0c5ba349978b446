//! `auth-server doctor`: is everything there that `serve` needs, and what is to be mended? It looks,
//! and changes nothing.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use service::config::ConfigError;
use sqlx::PgPool;

use crate::app::open;
use crate::clock::Clock;
use crate::config::{Config, RedisConfig};
use crate::crypto::EncryptionKeys;
use crate::crypto::{Purpose, Secrets};
use crate::db::migrations;
use crate::email;
use crate::oidc::Oidc;
use crate::token;
use crate::token::KeyRing;

/// What one look at something found: how it is, or what is to be mended.
type Found = Result<String, String>;

/// Longest wait for Redis, or for the mail server.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far this machine's clock may be from the database's. Tokens forgive servers five seconds
/// between any two of them.
const FARTHEST: TimeDelta = TimeDelta::seconds(2);

/// Looks at everything, and prints a line for each.
pub(crate) async fn run(config: Result<Config, ConfigError>) -> ExitCode {
    let mut report = Report { well: true };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            report.add("configuration", Err(error.to_string()));
            return report.code();
        }
    };
    report.add("configuration", Ok("every setting can be read".into()));
    report.add("providers", providers(&config));
    report.add("redis", redis(&config.redis).await);
    report.add("mail", email(&config).await);
    match open::database(&config.database).await {
        Err(error) => {
            report.add("database", mend(error, "start PostgreSQL, or correct DATABASE_URL"));
            println!("left out: migrations, clock, signing keys, policy; they need the database");
        }
        Ok(pool) => with_database(&mut report, &config, &pool).await,
    }
    report.code()
}

async fn with_database(report: &mut Report, config: &Config, pool: &PgPool) {
    let clock = Clock::default();
    report.add("database", database(config, pool).await);
    report.add("clock", time(pool, &clock).await);
    let schema = migrations::check(pool).await;
    let is_current = schema.is_ok();
    let schema = schema.map(|()| "all are applied".into()).map_err(|error| error.to_string());
    report.add("migrations", schema);
    if is_current {
        report.add("signing keys", keys(config, pool, &clock).await);
        report.add("policy", policy(config, &clock).await);
    } else {
        println!("left out: signing keys, policy; they need the migrations");
    }
}

struct Report {
    well: bool,
}

impl Report {
    fn add(&mut self, what: &str, found: Found) {
        match found {
            Ok(how) => println!("ok    {what}: {how}"),
            Err(why) => {
                self.well = false;
                println!("FAIL  {what}: {why}");
            }
        }
    }

    const fn code(&self) -> ExitCode {
        if self.well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn providers(config: &Config) -> Found {
    let count = Oidc::count(config).map_err(|error| format!("oidc.provider: {error}"))?;
    Ok(format!("people sign in by {count} of them"))
}

/// What is wrong, and what to do about it.
fn mend(error: impl Display, advice: &str) -> Found {
    Err(format!("{error}; {advice}"))
}

async fn redis(config: &RedisConfig) -> Found {
    let Some(connection) = config.connection() else {
        return Ok("not configured, which is right for a single server".into());
    };
    let advice = "start Redis, or correct REDIS_URL; a single server can do without";
    let client = match redis::Client::open(connection.clone()) {
        Ok(client) => client,
        Err(error) => return mend(error, advice),
    };
    let ping = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(_)) => Ok("answers".into()),
        Ok(Err(error)) => mend(error, advice),
        Err(_) => mend("no answer", advice),
    }
}

async fn email(config: &Config) -> Found {
    email::check_templates(&config.second_factor.name, &config.mail)
        .map_err(|error| error.to_string())?;
    let Some(server) = &config.mail.server else {
        return Ok("not configured: links go to the log, for development only".into());
    };
    let advice = "start the mail server, or correct AUTH_SMTP_URL and AUTH_SMTP_CA_FILE";
    match tokio::time::timeout(PATIENCE, email::check_server(server)).await {
        Ok(Ok(())) => Ok(format!("{} accepts messages", server.url)),
        Ok(Err(error)) => mend(error, advice),
        Err(_) => mend("no answer", advice),
    }
}

async fn database(config: &Config, pool: &PgPool) -> Found {
    match migrations::is_read_only(pool).await {
        Ok(false) => Ok(format!("{} takes reads and writes", config.database.url)),
        Ok(true) => mend(
            format!("{} takes no writes", config.database.url),
            "point DATABASE_URL at the primary server",
        ),
        Err(error) => mend(error, "correct DATABASE_URL"),
    }
}

async fn time(pool: &PgPool, clock: &Clock) -> Found {
    let before = clock.now();
    let there = match migrations::now(pool).await {
        Ok(there) => there,
        Err(error) => return mend(error, "correct DATABASE_URL"),
    };
    // It was then at some time between our two looks.
    let here = before + (clock.now() - before) / 2;
    let apart = (there - here).abs();
    if apart > FARTHEST {
        let seconds = apart.num_seconds();
        let apart = format!("{seconds} s apart from the database's clock");
        return mend(apart, "synchronise both machines, for example with chrony");
    }
    Ok(format!("{} ms apart from the database's", apart.num_milliseconds()))
}

async fn keys(config: &Config, pool: &PgPool, clock: &Clock) -> Found {
    let secrets = Secrets::look(&config.secret).map_err(|error| error.to_string())?;
    let Some(secrets) = secrets else { return keys_without_secret(pool, clock).await };
    let ring = KeyRing::load(
        pool.clone(),
        EncryptionKeys::of(&secrets, Purpose::SigningKeyEncryption),
        clock.clone(),
    )
    .await;
    let ring = ring.map_err(|error| error.to_string())?;
    match (ring.signing(), ring.active().len()) {
        (Some(key), living) if key.works() => Ok(format!("{living} opened, {} signs", key.kid)),
        (Some(key), _) => mend(
            format!("what key {} signs can't be verified", key.kid),
            "replace it: auth-server keys rotate --lead 0",
        ),
        (None, 0) => Ok("none yet; the first start of `serve` makes one".into()),
        (None, _) => mend("none signs yet", "compare the clocks of the servers"),
    }
}

/// There is no secret yet, so there should be nothing that one sealed.
async fn keys_without_secret(pool: &PgPool, clock: &Clock) -> Found {
    match token::list(pool, clock.now()).await {
        Ok(keys) if keys.is_empty() => {
            Ok("none yet; the first start of `serve` makes one, and the secret that seals it"
                .into())
        }
        Ok(_) => mend(
            "AUTH_SECRET is not set, and none is kept on this machine",
            "set AUTH_SECRET to the secret that sealed them",
        ),
        Err(error) => mend(error, "correct DATABASE_URL"),
    }
}

async fn policy(config: &Config, clock: &Clock) -> Found {
    match open::policy(config, clock).await {
        Ok((_, policy)) => Ok(format!("loads, at revision {}", policy.snapshot().revision())),
        Err(error) => mend(error, "a server that runs goes on with the policy that it has"),
    }
}
