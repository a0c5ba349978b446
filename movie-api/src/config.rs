//! Settings.

use std::num::{NonZeroU16, NonZeroU64};
use std::time::Duration;

use chrono::TimeDelta;
use poem::http::HeaderValue;
use policies::Label;
use serde::Deserialize;
use service::client_credentials::{self, ClientSecret, IncompleteCredentials};
use service::config::{
    BaseUrl, ElasticsearchConfig, LogConfig, NonEmpty, Removed, ServerConfig, Setting,
    SettingsTable, list, none_if_empty, number, secret, text,
};
use service::database::DatabaseUrl;

/// The settings of movie-api.
pub(crate) const SETTINGS: SettingsTable = SettingsTable {
    program: "movie-api",
    prefix: "MOVIE_",
    file_variable: "MOVIE_CONFIG",
    groups: &[
        service::server_settings!("MOVIE_", "127.0.0.1:8000", "127.0.0.1:9092"),
        AUTH,
        service::elasticsearch_settings!(),
        SEARCH,
        LISTS,
        FILMS,
        DATABASE,
        GUEST_FILTER,
        service::log_settings!("MOVIE_", "info,poem=warn,access=debug"),
    ],
    foreign: &[],
    removed: &[Removed { variable: "OPS_LISTEN", replacement: "MOVIE_OPS_LISTEN" }],
};

const AUTH: &[Setting] = &[
    text("AUTH_URL", "auth.url", "http://127.0.0.1:8080", "auth-server"),
    number("MOVIE_AUTH_TIMEOUT_MS", "auth.timeout_ms", "2000", "timeout for auth-server, ms"),
    number(
        "MOVIE_ACCOUNTS_TIMEOUT_MS",
        "auth.accounts_timeout_ms",
        "30000",
        "timeout for auth-server in account operations, which hash passwords and wait for their turn, ms",
    ),
    text(
        "MOVIE_CLIENT_ID",
        "auth.client_id",
        "",
        "id of a service client of auth-server with the scopes `filter`, `evaluate` and, for favorites, `users:deleted`",
    ),
    secret("MOVIE_CLIENT_SECRET", "auth.client_secret", "secret of that service client"),
];

const SEARCH: &[Setting] = &[number(
    "MOVIE_SEARCH_TIMEOUT_MS",
    "search.timeout_ms",
    "5000",
    "timeout for Elasticsearch, ms",
)];

const LISTS: &[Setting] = &[number(
    "MOVIE_FULL_LISTS",
    "lists.full",
    "4",
    "maximum number of complete lists of more than 500 items that are sent at a time",
)];

const FILMS: &[Setting] = &[text(
    "MOVIE_PUBLIC_LABELS",
    "films.public_labels",
    "",
    "labels that everyone sees on the films that they may read, comma-separated; all others are never shown",
)];

const DATABASE: &[Setting] = &[
    secret(
        "MOVIE_DATABASE_URL",
        "database.url",
        "PostgreSQL for favorites, as `postgres://user:password@host/database`; without it there are none",
    ),
    secret(
        "MOVIE_DATABASE_DIRECT_URL",
        "database.direct_url",
        "PostgreSQL itself, if `MOVIE_DATABASE_URL` leads to a connection pooler; for `migrate`",
    ),
];

const GUEST_FILTER: &[Setting] = &[
    number(
        "MOVIE_GUEST_FILTER_REFRESH_SECONDS",
        "guest_filter.refresh_seconds",
        "5",
        "interval between refreshes of the guest filter, s",
    ),
    number(
        "MOVIE_GUEST_FILTER_MAX_AGE_SECONDS",
        "guest_filter.max_age_seconds",
        "3600",
        "maximum age of the guest filter while auth-server is unavailable, s",
    ),
];

/// The settings of one process; the tables of the TOML file are named after these fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) auth: AuthConfig,
    pub(crate) elasticsearch: ElasticsearchConfig,
    pub(crate) search: SearchConfig,
    pub(crate) lists: ListsConfig,
    pub(crate) films: FilmsConfig,
    pub(crate) database: DatabaseConfig,
    pub(crate) guest_filter: GuestFilterConfig,
    pub(crate) log: LogConfig,
}

/// auth-server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthConfig {
    pub(crate) url: BaseUrl,
    timeout_ms: NonZeroU64,
    accounts_timeout_ms: NonZeroU64,
    #[serde(deserialize_with = "none_if_empty")]
    client_id: Option<NonEmpty>,
    #[serde(deserialize_with = "none_if_empty")]
    client_secret: Option<ClientSecret>,
}

impl AuthConfig {
    /// The header with the credentials of the service client, if one is configured.
    ///
    /// # Errors
    /// Only one of id and secret is set.
    pub(crate) fn credentials(&self) -> Result<Option<HeaderValue>, IncompleteCredentials> {
        client_credentials::authorization(
            "MOVIE_",
            self.client_id.as_ref(),
            self.client_secret.as_ref(),
        )
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.get())
    }

    pub(crate) fn accounts_timeout(&self) -> Duration {
        Duration::from_millis(self.accounts_timeout_ms.get())
    }
}

/// Searches in Elasticsearch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchConfig {
    timeout_ms: NonZeroU64,
}

impl SearchConfig {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.get())
    }
}

/// Lists.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListsConfig {
    full: NonZeroU16,
}

impl ListsConfig {
    /// How many complete lists may be sent at a time.
    pub(crate) fn max_full(&self) -> usize {
        self.full.get().into()
    }
}

/// What is shown of films.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilmsConfig {
    /// Names of the labels that viewers see.
    #[serde(deserialize_with = "list")]
    pub(crate) public_labels: Vec<Label>,
}

/// PostgreSQL, for favorites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    /// Without it there are no favorites.
    #[serde(deserialize_with = "none_if_empty")]
    pub(crate) url: Option<DatabaseUrl>,
    /// Without a pooler in between.
    #[serde(deserialize_with = "none_if_empty")]
    pub(crate) direct_url: Option<DatabaseUrl>,
}

/// The cached filter for guests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestFilterConfig {
    refresh_seconds: NonZeroU64,
    max_age_seconds: u32,
}

impl GuestFilterConfig {
    /// How often the filter is fetched, also if no guest asks.
    pub(crate) fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds.get())
    }

    /// How long the last filter is used while auth-server is unavailable.
    pub(crate) fn max_age(&self) -> TimeDelta {
        TimeDelta::seconds(self.max_age_seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use service::config::Source;

    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        let _ = SETTINGS.load::<Config>(Source::default(), []).expect("defaults");
    }

    #[test]
    fn the_readme_lists_every_setting_with_its_default() {
        let differences = SETTINGS.differences_to_readme(include_str!("../README.md"));
        assert_eq!(differences, Vec::<String>::new());
    }
}
