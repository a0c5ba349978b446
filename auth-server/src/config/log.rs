//! What is logged, and how.

use serde::Deserialize;

use super::setting::{Setting, text};
use super::values::LogFilter;

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_LOG",
        "log.filter",
        "info,poem=warn",
        "what is logged, in `tracing` directives; `info,auth_server=debug` shows every request",
    ),
    text("AUTH_LOG_FORMAT", "log.format", "auto", "`text`, `json`, or `auto`: text on a terminal"),
];

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Which lines are written.
    pub filter: LogFilter,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
