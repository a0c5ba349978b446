//! Settings: defaults, then an optional TOML file, then the environment.

mod load;
mod values;

use std::{fs, net::SocketAddr, path::PathBuf};

use cron::Schedule;
use elasticsearch::http::Url;
use policies::label_rules::{LabelRules, SHIPPED};
use serde::Deserialize;

use crate::LabelerError;

pub use load::{ConfigError, FILE_VARIABLE, help, load};
pub use values::{LogFormat, PageSize};

/// The settings of one process. The keys of the TOML file are the names of these fields.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Elasticsearch answers; user and password may stand in it.
    #[serde(deserialize_with = "values::parsed")]
    pub elasticsearch_url: Url,
    /// PostgreSQL that keeps the jobs of `run`; user and password may stand in it.
    #[serde(default)]
    pub database_url: Option<String>,
    /// Index or alias of the films.
    #[serde(deserialize_with = "values::parsed")]
    pub films_index: String,
    /// File of the label rules; without it those that ship with the program.
    #[serde(default)]
    pub etl_labels: Option<PathBuf>,
    /// When `run` labels: a cron expression with seconds, in UTC.
    #[serde(deserialize_with = "values::parsed")]
    pub etl_schedule: Schedule,
    /// Films read, compared and written at a time.
    #[serde(deserialize_with = "values::parsed")]
    pub etl_page_size: PageSize,
    /// What is logged, as `tracing` directives.
    pub etl_log: String,
    /// Form of the log lines.
    #[serde(deserialize_with = "values::parsed")]
    pub log_format: LogFormat,
    /// Address of the metrics of `run`.
    #[serde(deserialize_with = "values::parsed")]
    pub ops_listen: SocketAddr,
}

impl Config {
    /// The label rules that these settings name.
    ///
    /// # Errors
    /// A file that can't be read, or a broken rule in it.
    pub fn label_rules(&self) -> Result<LabelRules, LabelerError> {
        let Some(path) = &self.etl_labels else { return Ok(LabelRules::parse(SHIPPED)?) };
        let text = fs::read_to_string(path)
            .map_err(|source| LabelerError::File { path: path.clone(), source })?;
        Ok(LabelRules::parse(&text)?)
    }
}
