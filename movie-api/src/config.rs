//! Settings.

use std::num::NonZeroU64;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Deserialize;
use service::config::{
    BaseUrl, ElasticsearchConfig, LogConfig, Removed, ServerConfig, Setting, SettingsTable, number,
    text,
};

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
        GUEST_FILTER,
        service::log_settings!("MOVIE_", "info,poem=warn,access=debug"),
    ],
    foreign: &[],
    removed: &[Removed { variable: "OPS_LISTEN", replacement: "MOVIE_OPS_LISTEN" }],
};

const AUTH: &[Setting] = &[
    text("AUTH_URL", "auth.url", "http://127.0.0.1:8080", "auth-server"),
    number("MOVIE_AUTH_TIMEOUT_MS", "auth.timeout_ms", "2000", "timeout for auth-server, ms"),
];

const SEARCH: &[Setting] = &[number(
    "MOVIE_SEARCH_TIMEOUT_MS",
    "search.timeout_ms",
    "5000",
    "timeout for Elasticsearch, ms",
)];

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
    pub(crate) guest_filter: GuestFilterConfig,
    pub(crate) log: LogConfig,
}

/// auth-server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthConfig {
    pub(crate) url: BaseUrl,
    timeout_ms: NonZeroU64,
}

impl AuthConfig {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.get())
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
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        SETTINGS.load::<Config>(None, []).expect("defaults");
    }

    #[test]
    fn the_readme_lists_every_setting_with_its_default() {
        let differences = SETTINGS.differences_to_readme(include_str!("../README.md"));
        assert_eq!(differences, Vec::<String>::new());
    }
}
