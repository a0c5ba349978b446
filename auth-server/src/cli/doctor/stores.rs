//! What the server connects to: PostgreSQL, Redis, a mail server, identity providers.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

use super::report::Finding;
use crate::app::open;
use crate::clock::Clock;
use crate::config::{Config, RedisConfig};
use crate::db::{ClockReading, PgPool, status};
use crate::email;
use crate::films::Films;
use crate::oidc::Oidc;
use crate::redis::is_answer;

/// Timeout for Redis and for the mail server.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Timeout of each step towards Redis.
const REDIS_TIMEOUT: Duration = Duration::from_secs(1);

/// Difference between this machine's clock and the database's from which on there is a warning. Token verification
/// tolerates five seconds between any two servers.
const CLOCK_WARNING: TimeDelta = TimeDelta::seconds(2);

/// A provider that does not respond prevents no start, and concerns its own logins only.
pub(super) async fn providers(config: &Config) -> Finding {
    let providers = match Oidc::configured(config, &Clock::default()) {
        Ok(providers) => providers,
        Err(error) => {
            let problem = format_args!("oidc.provider: {error}");
            return Finding::failed(problem, "correct it in the file of AUTH_CONFIG");
        }
    };
    let checks = providers.iter().map(async |provider| {
        let problem = provider.check().await.err()?;
        Some(format!("{} ({}) cannot be used: {problem}", provider.name(), provider.issuer()))
    });
    let problems: Vec<String> = join_all(checks).await.into_iter().flatten().collect();
    if problems.is_empty() {
        return Finding::ok(match providers.len() {
            0 => "none configured".to_owned(),
            count => format!("{count} configured, all respond"),
        });
    }
    Finding::warning(
        problems.join("; "),
        "correct `issuer`, or let this machine connect to it; until then, logins with it fail",
    )
}

pub(super) async fn redis(config: &RedisConfig) -> Finding {
    let remedy = "start Redis, or correct REDIS_URL; a single server does not need it";
    let redis = match open::redis(config) {
        Ok(Some(redis)) => redis,
        Ok(None) => return Finding::ok("not configured; correct for a single server"),
        Err(error) => return Finding::failed(error, remedy),
    };
    match tokio::time::timeout(TIMEOUT, redis.connect(REDIS_TIMEOUT)).await {
        Ok(Ok(_)) => Finding::ok("accepts writes"),
        Ok(Err(error)) if is_answer(&error) => Finding::failed(
            format_args!("unusable: {error}"),
            "point REDIS_URL at a primary with free memory or a cluster that serves all slots, and grant its user \
             what the README lists",
        ),
        Ok(Err(error)) => Finding::failed(error, remedy),
        Err(_) => Finding::failed("no response", remedy),
    }
}

pub(super) async fn email(config: &Config) -> Finding {
    if let Err(error) = email::check_templates(&config.second_factor.name, &config.mail) {
        return Finding::failed(error, "correct the file in AUTH_MAIL_TEMPLATES");
    }
    let Some(server) = &config.mail.server else {
        return Finding::warning(
            "not configured: links that reset passwords are written to the log, which is for development only",
            "set AUTH_SMTP_URL and AUTH_MAIL_FROM",
        );
    };
    let remedy = "start the mail server, or correct AUTH_SMTP_URL and AUTH_SMTP_CA_FILE";
    match tokio::time::timeout(TIMEOUT, email::check_server(server)).await {
        Ok(Ok(())) => Finding::ok(format_args!("{} accepts messages", server.url)),
        Ok(Err(error)) => Finding::failed(error, remedy),
        Err(_) => Finding::failed("no response", remedy),
    }
}

pub(super) async fn films(config: &Config) -> Finding {
    let remedy = "start Elasticsearch, or correct ELASTICSEARCH_URL and FILMS_INDEX; decisions do not need it";
    let films = match Films::open(config.elasticsearch.as_ref()) {
        Ok(Some(films)) => films,
        Ok(None) => return Finding::ok("not configured; only films that rules name are known"),
        Err(error) => return Finding::failed(error, "correct ELASTICSEARCH_CA_FILE"),
    };
    match films.count(&json!({ "match_all": {} })).await {
        Ok(count) => Finding::ok(format_args!("{count} in the index")),
        Err(error) => Finding::warning(error, remedy),
    }
}

pub(super) async fn database(config: &Config, pool: &PgPool) -> Finding {
    let url = &config.database.url;
    match status::read(pool).await {
        Ok(status) if status.is_writable() => {
            Finding::ok(format_args!("{url} accepts reads and writes"))
        }
        Ok(status) if status.is_read_only => Finding::failed(
            format_args!("{url} is read-only"),
            "point DATABASE_URL at the primary server",
        ),
        Ok(status) => Finding::failed(
            format_args!("{url}: its role may not read and write {}", status.forbidden.join(", ")),
            "grant it SELECT, INSERT, UPDATE and DELETE",
        ),
        Err(error) => Finding::failed(error, "correct DATABASE_URL"),
    }
}

pub(super) async fn time(config: &Config, pool: &PgPool, clock: &Clock) -> Finding {
    let reading = match ClockReading::take(pool, clock).await {
        Ok(reading) => reading,
        Err(error) => return Finding::failed(error, "correct DATABASE_URL"),
    };
    if let Err(error) = reading.within(config.database.clock_tolerance()) {
        return Finding::explained(error);
    }
    let apart = reading.skew.abs();
    if apart > CLOCK_WARNING {
        return Finding::warning(
            format_args!("{} s difference from the database's clock", apart.num_seconds()),
            "synchronize the clocks of both machines, for example with chrony",
        );
    }
    Finding::ok(format_args!(
        "{} ms difference from the database's clock",
        apart.num_milliseconds()
    ))
}
