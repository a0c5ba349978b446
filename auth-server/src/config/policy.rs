//! Labels that rules can speak of.

use std::path::PathBuf;

use serde::Deserialize;

use service::config::none_if_empty;
use service::config::{Setting, text};

pub(crate) const SETTINGS: &[Setting] = &[text(
    "AUTH_LABELS",
    "policy.labels",
    "",
    "path of `labels.toml`, the same file that etl-labeler reads; without it the shipped one",
)];

/// Labels that rules can speak of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// Path of `labels.toml`, if not the shipped one.
    #[serde(deserialize_with = "none_if_empty")]
    pub labels: Option<PathBuf>,
}
