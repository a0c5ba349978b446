use std::{io, path::PathBuf};

use policies::label_rules::LabelRuleError;
use thiserror::Error;

use crate::{config::ConfigError, elastic::ElasticError};

/// Why a command could not do its work.
#[derive(Debug, Error)]
pub enum LabelerError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Elasticsearch.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// The label rules, before Elasticsearch has seen them.
    #[error(transparent)]
    Rules(#[from] LabelRuleError),
    /// A query that Elasticsearch does not take.
    #[error("label rule `{rule}`: Elasticsearch refuses its query: {reason}")]
    RuleQuery {
        /// The rule.
        rule: String,
        /// Elasticsearch's words.
        reason: String,
    },
    /// A window computed from a field that holds no dates.
    #[error("label rule `{rule}`: the index has no date field `{field}`")]
    RuleField {
        /// The rule.
        rule: String,
        /// `within.field` of the rule.
        field: String,
    },
    /// Some films could not be written; all others were.
    #[error("{count} films were refused by Elasticsearch; the first: {first}")]
    Refused {
        /// Films refused.
        count: u64,
        /// Id and reason of the first.
        first: String,
    },
    /// Stopped by a signal between two pages. What was written stays; the next run goes on.
    #[error("interrupted")]
    Interrupted,
    /// A file can't be read.
    #[error("can't read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// PostgreSQL, or the job queue in it.
    #[error("PostgreSQL: {0}")]
    Database(String),
    /// A part of `run` that could not start or broke down.
    #[error("{0}")]
    Worker(String),
}
