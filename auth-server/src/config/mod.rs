//! Settings: defaults, then an optional TOML file, then the environment.
//!
//! Each concern has a file with a struct and the table of its settings. A new setting is a field of
//! the struct and a row of the table.

pub(crate) mod database;
pub(crate) mod history;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod oidc;
pub(crate) mod password;
pub(crate) mod policy;
pub(crate) mod proxies;
pub(crate) mod redis;
pub(crate) mod second_factor;
pub(crate) mod secret;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod smtp;
pub(crate) mod throttle;
pub(crate) mod token;
pub(crate) mod values;

use serde::Deserialize;

pub use database::{DatabaseConfig, DatabaseUrl};
pub use history::HistoryConfig;
pub use load::{ConfigError, FILE_VARIABLE, help, load};
pub use log::{LogConfig, LogFormat};
pub use mail::{MailConfig, MailServer, Page};
pub use oidc::OidcConfig;
pub use password::PasswordConfig;
pub use policy::PolicyConfig;
pub use proxies::TrustedProxies;
pub use redis::RedisConfig;
pub use second_factor::SecondFactorConfig;
pub use secret::{SecretConfig, SecretKey};
pub use server::ServerConfig;
pub use session::SessionConfig;
pub use setting::{Kind, Setting};
pub use smtp::{Encryption, SmtpUrl};
pub use throttle::ThrottleConfig;
pub use token::TokenConfig;
pub use values::{LogFilter, Origins};

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
    /// How failed tries to sign in are slowed down.
    pub throttle: ThrottleConfig,
    /// The second factor.
    pub second_factor: SecondFactorConfig,
    /// Signing in by accounts elsewhere.
    pub oidc: OidcConfig,
    /// E-mail.
    pub mail: MailConfig,
    /// Labels that rules can speak of.
    pub policy: PolicyConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// Every setting there is.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    [
        database::SETTINGS,
        redis::SETTINGS,
        server::SETTINGS,
        secret::SETTINGS,
        token::SETTINGS,
        session::SETTINGS,
        history::SETTINGS,
        password::SETTINGS,
        throttle::SETTINGS,
        second_factor::SETTINGS,
        oidc::SETTINGS,
        mail::SETTINGS,
        policy::SETTINGS,
        log::SETTINGS,
    ]
    .into_iter()
    .flatten()
}
