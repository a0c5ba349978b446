//! Settings.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use cron::Schedule;
use policies::label_rules::{LabelRules, SHIPPED};
use reqwest::header::HeaderValue;
use serde::Deserialize;
use service::{
    client_credentials::{self, ClientSecret, IncompleteCredentials},
    config::{
        ElasticsearchConfig, ListenAddress, LogConfig, NonEmpty, Removed, Setting, SettingsTable,
        none_if_empty, number, secret, text,
    },
    database::DatabaseUrl,
};

use crate::{LabelerError, LossLimit};

/// The settings of etl-labeler.
pub const SETTINGS: SettingsTable = SettingsTable {
    program: "etl-labeler",
    prefix: "ETL_",
    file_variable: "ETL_CONFIG",
    groups: &[
        service::elasticsearch_settings!(),
        DATABASE,
        LABELING,
        IMPORT,
        SOURCE,
        AUTH,
        SERVER,
        service::log_settings!("ETL_", "info,sqlx=warn"),
    ],
    foreign: &[],
    removed: &[
        Removed { variable: "OPS_LISTEN", replacement: "ETL_OPS_LISTEN" },
        Removed { variable: "LOG_FORMAT", replacement: "ETL_LOG_FORMAT" },
    ],
};

const DATABASE: &[Setting] = &[secret(
    "DATABASE_URL",
    "database.url",
    "PostgreSQL for the jobs of `run`, as `postgres://user:password@host/database`",
)];

const LABELING: &[Setting] = &[
    text(
        "ETL_LABELS",
        "labeling.rules",
        "",
        "path of the label rules; without it the shipped ones",
    ),
    text(
        "ETL_SCHEDULE",
        "labeling.schedule",
        "0 0 * * * *",
        "when `run` labels films: cron with seconds, in UTC",
    ),
    number(
        "ETL_CHANGES_SECONDS",
        "labeling.changes_seconds",
        "30",
        "how often `run` looks for films that others changed, s; 0: only at the schedule",
    ),
    number(
        "ETL_PAGE_SIZE",
        "labeling.page_size",
        "5000",
        "films read and written at a time, 1 to 10000",
    ),
    number(
        "ETL_LOSS_LIMIT",
        "labeling.loss_limit",
        "20",
        "percentage of its films that a label may lose between two runs, 0 to 100",
    ),
    number(
        "ETL_LOSS_MIN",
        "labeling.loss_min",
        "10",
        "number of films from which on a loss counts",
    ),
];

const IMPORT: &[Setting] = &[number(
    "ETL_IMPORT_RETRY_SECONDS",
    "import.retry_seconds",
    "120",
    "how long requests wait for an overloaded or unavailable Elasticsearch, s",
)];

const SOURCE: &[Setting] = &[
    secret(
        "ETL_SOURCE_DATABASE_URL",
        "source.database_url",
        "PostgreSQL with the film tables that `sync` and `run` keep the index like; it is only read",
    ),
    text("ETL_SOURCE_MAPPING", "source.mapping", "", "path of a mapping file for these tables"),
];

const AUTH: &[Setting] = &[
    text(
        "ETL_CLIENT_ID",
        "auth.client_id",
        "",
        "id of a service client of auth-server with the scope `policy:read`, for `preview --policy URL`",
    ),
    secret("ETL_CLIENT_SECRET", "auth.client_secret", "secret of that service client"),
];

const SERVER: &[Setting] = &[text(
    "ETL_OPS_LISTEN",
    "server.ops_listen",
    "127.0.0.1:9091",
    "address of metrics and health in `run`, for operators only; empty: off",
)];

/// The settings of one process; the tables of the TOML file are named after these fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Elasticsearch and the index of films.
    pub elasticsearch: ElasticsearchConfig,
    /// PostgreSQL, for the jobs of `run`.
    pub database: DatabaseConfig,
    /// Label rules, schedule and page size.
    pub labeling: LabelingConfig,
    /// Imports.
    pub import: ImportConfig,
    /// The film database.
    pub source: SourceConfig,
    /// auth-server.
    pub auth: AuthConfig,
    /// The operators' listener of `run`.
    pub server: OpsConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// PostgreSQL, for the jobs of `run`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Only `run` requires it.
    #[serde(deserialize_with = "none_if_empty")]
    pub url: Option<DatabaseUrl>,
}

/// Label rules, schedule and page size.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelingConfig {
    #[serde(deserialize_with = "none_if_empty")]
    rules: Option<PathBuf>,
    /// When `run` labels films.
    pub schedule: Cron,
    changes_seconds: u16,
    /// Films read, compared and written at a time.
    pub page_size: PageSize,
    loss_limit: Percentage,
    loss_min: u64,
}

impl LabelingConfig {
    /// How often `run` looks for films that others changed, if it does.
    #[must_use]
    pub fn changes_interval(&self) -> Option<Duration> {
        let seconds = Some(self.changes_seconds).filter(|seconds| *seconds > 0);
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// How many films a label may lose between two runs.
    #[must_use]
    pub fn loss_limit(&self) -> LossLimit {
        LossLimit { percent: self.loss_limit.0, films: self.loss_min }
    }

    /// The label rules.
    ///
    /// # Errors
    /// The file cannot be read, or a rule in it is invalid.
    pub fn rules(&self) -> Result<LabelRules, LabelerError> {
        match &self.rules {
            Some(path) => label_rules(path),
            None => Ok(LabelRules::parse(SHIPPED)?),
        }
    }
}

/// The label rules of a file.
///
/// # Errors
/// The file cannot be read, or a rule in it is invalid.
pub fn label_rules(path: &Path) -> Result<LabelRules, LabelerError> {
    let unreadable = |source| LabelerError::File { path: path.to_owned(), source };
    let rules = LabelRules::parse(&fs::read_to_string(path).map_err(unreadable)?)?;
    // More likely the file was not written to its end: without a rule every film is open.
    if rules.iter().next().is_none() {
        return Err(LabelerError::NoRules(path.to_owned()));
    }
    Ok(rules)
}

/// Imports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportConfig {
    retry_seconds: u32,
}

impl ImportConfig {
    /// How long Elasticsearch may accept nothing before an import stops.
    #[must_use]
    pub fn retry_for(&self) -> Duration {
        Duration::from_secs(self.retry_seconds.into())
    }
}

/// The film database that the index is kept like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Only `sync` requires it.
    #[serde(deserialize_with = "none_if_empty")]
    pub database_url: Option<DatabaseUrl>,
    /// Path of a mapping file.
    #[serde(deserialize_with = "none_if_empty")]
    pub mapping: Option<PathBuf>,
}

/// auth-server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
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
    pub fn credentials(&self) -> Result<Option<HeaderValue>, IncompleteCredentials> {
        let Self { client_id, client_secret } = self;
        client_credentials::authorization("ETL_", client_id.as_ref(), client_secret.as_ref())
    }
}

/// The operators' listener of `run`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpsConfig {
    /// Address of metrics and health, if they are served.
    #[serde(deserialize_with = "none_if_empty")]
    pub ops_listen: Option<ListenAddress>,
}

/// A cron expression with seconds, in UTC.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Cron(pub Schedule);

impl TryFrom<String> for Cron {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let weekdays = text.split_whitespace().nth(5).unwrap_or_default();
        // In this notation 1 is Sunday, in others Monday: a number would be misread by one side.
        let numbered = |part: &str| {
            part.split('/').next().is_some_and(|day| day.contains(|c: char| c.is_ascii_digit()))
        };
        if weekdays.split(',').any(numbered) {
            return Err(
                "must name the days of the week (SUN, MON …) instead of numbering them".into()
            );
        }
        Schedule::from_str(&text)
            .map(Self)
            .map_err(|error| format!("is not a cron expression with seconds: {error}"))
    }
}

/// Films per page, 1 to 10,000 (Elasticsearch's `index.max_result_window`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct PageSize(u16);

impl PageSize {
    /// The number of films.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for PageSize {
    type Error = &'static str;

    fn try_from(size: u16) -> Result<Self, Self::Error> {
        if (1..=10_000).contains(&size) { Ok(Self(size)) } else { Err("must be 1 to 10000") }
    }
}

/// 0 to 100.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u8")]
struct Percentage(u8);

impl TryFrom<u8> for Percentage {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if percent <= 100 { Ok(Self(percent)) } else { Err("must be 0 to 100") }
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
