//! Where PostgreSQL is.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

/// A valid `postgres://` URL. Shows no password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(Box<PgConnectOptions>);

impl DatabaseUrl {
    /// How to connect.
    #[must_use]
    pub fn options(&self) -> &PgConnectOptions {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        let database = options.get_database().unwrap_or(options.get_username());
        write!(f, "{}:{}/{database}", options.get_host(), options.get_port())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    // The value stays out of the messages: it may contain a password.
    fn try_from(url: String) -> Result<Self, String> {
        if url.is_empty() {
            return Err("must be set, as postgres://user:password@host/database".into());
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("must start with postgres://".into());
        }
        // Values travel in binary, and PgBouncer refuses the option.
        let options = PgConnectOptions::from_str(&url).map(|url| url.extra_float_digits(None));
        options.map(|url| Self(Box::new(url))).map_err(|error| match error {
            sqlx::Error::Configuration(reason) => reason.to_string(),
            _ => "is not a valid URL".into(),
        })
    }
}
