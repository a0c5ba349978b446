//! Settings: defaults, then an optional TOML file, then the environment.
//!
//! Each concern has a file with a struct and the table of its settings. A new setting is a field of
//! the struct, a row of the table and a row of the README.

pub(crate) mod database;
pub(crate) mod elasticsearch;
pub(crate) mod filter;
pub(crate) mod history;
pub(crate) mod mail;
pub(crate) mod oidc;
pub(crate) mod password;
pub(crate) mod policy;
pub(crate) mod redis;
pub(crate) mod redis_address;
pub(crate) mod second_factor;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod smtp;
pub(crate) mod throttle;
pub(crate) mod token;

use std::path::Path;

use serde::Deserialize;
use service::config::{
    ConfigError, ElasticsearchConfig, Loaded, LogConfig, Removed, ServerConfig, SettingsTable,
    Source, elasticsearch_if_any,
};

pub use database::DatabaseConfig;
pub use filter::FilterConfig;
pub use history::HistoryConfig;
pub use mail::{MailConfig, MailServer, Page};
pub use oidc::{OidcConfig, ProviderEntry, ResponseMode};
pub use password::PasswordConfig;
pub use policy::PolicyConfig;
pub use redis::RedisConfig;
pub use redis_address::{InvalidRedisAddress, RedisAddress, SentinelAddress};
pub use second_factor::SecondFactorConfig;
pub use secret::{SecretConfig, SecretKey};
pub use session::SessionConfig;
pub use smtp::{Encryption, SmtpUrl};
pub use throttle::ThrottleConfig;
pub use token::TokenConfig;

/// The settings of auth-server.
pub const SETTINGS: SettingsTable = SettingsTable {
    program: "auth-server serve",
    prefix: "AUTH_",
    file_variable: "AUTH_CONFIG",
    groups: &[
        database::SETTINGS,
        redis::SETTINGS,
        service::server_settings!("AUTH_", "127.0.0.1:8080", "127.0.0.1:9090"),
        secret::SETTINGS,
        token::SETTINGS,
        session::SETTINGS,
        history::SETTINGS,
        password::SETTINGS,
        throttle::SETTINGS,
        second_factor::SETTINGS,
        mail::SETTINGS,
        policy::SETTINGS,
        elasticsearch::SETTINGS,
        filter::SETTINGS,
        service::log_settings!("AUTH_", "info,poem=warn,redis=off"),
    ],
    foreign: &["AUTH_URL"],
    removed: REMOVED,
};

const fn removed(variable: &'static str, replacement: &'static str) -> Removed {
    Removed { variable, replacement }
}

/// Names of earlier versions.
const REMOVED: &[Removed] = &[
    removed("OPS_LISTEN", "AUTH_OPS_LISTEN"),
    removed("AUTH_OIDC_FILE", "`[[oidc.provider]]` in the TOML file (AUTH_CONFIG)"),
    removed("AUTH_MAIL_QUEUE", "the queue in PostgreSQL, which needs no setting,"),
    removed("AUTH_MAIL_CLAIM_DAYS", "claims that block nobody, which need no setting,"),
    removed("AUTH_SESSIONS", "AUTH_MAX_SESSIONS"),
    removed("AUTH_PASSWORD_SHORTEST", "AUTH_PASSWORD_MIN_LENGTH"),
    removed("AUTH_PASSWORD_SHORTEST_ALONE", "AUTH_PASSWORD_MIN_LENGTH_SINGLE_FACTOR"),
    removed("AUTH_THROTTLE_WAITS", "AUTH_THROTTLE_DELAYS"),
    removed("AUTH_THROTTLE_PAIR_TRIES", "AUTH_THROTTLE_PAIR_ATTEMPTS"),
    removed("AUTH_THROTTLE_LOGIN_TRIES", "AUTH_THROTTLE_LOGIN_ATTEMPTS"),
    removed("AUTH_THROTTLE_ADDRESS_TRIES", "AUTH_THROTTLE_ADDRESS_ATTEMPTS"),
];

/// Reads the settings: defaults, then `file`, then `variables` (the environment, or what a test
/// provides instead).
///
/// # Errors
/// A setting is unknown, removed or invalid, or the file does not exist.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    SETTINGS.load(Source { file, allow_unknown: false }, variables).map(Loaded::warn)
}

/// The settings of one process; the tables of the TOML file carry the names of these fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses and limits of the listeners.
    pub server: ServerConfig,
    /// PostgreSQL.
    pub database: DatabaseConfig,
    /// Redis.
    pub redis: RedisConfig,
    /// The secret that keys are derived from.
    pub secret: SecretConfig,
    /// Access tokens.
    pub token: TokenConfig,
    /// Sessions.
    pub session: SessionConfig,
    /// The history of logins.
    pub history: HistoryConfig,
    /// Passwords and their hashing.
    pub password: PasswordConfig,
    /// Delays after failed login attempts.
    pub throttle: ThrottleConfig,
    /// The second factor.
    pub second_factor: SecondFactorConfig,
    /// Signing in by accounts elsewhere.
    #[serde(default)]
    pub oidc: OidcConfig,
    /// E-mail.
    pub mail: MailConfig,
    /// Labels that rules can speak of.
    pub policy: PolicyConfig,
    /// Elasticsearch and the index of films, if it is configured.
    #[serde(deserialize_with = "elasticsearch_if_any")]
    pub elasticsearch: Option<ElasticsearchConfig>,
    /// Who gets search filters.
    pub filter: FilterConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
