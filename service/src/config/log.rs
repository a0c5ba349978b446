//! What is logged, and in which format.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// The settings of the log of a program with this prefix and this default filter.
#[macro_export]
macro_rules! log_settings {
    ($prefix:literal, $filter:literal) => {
        &[
            $crate::config::text(
                concat!($prefix, "LOG"),
                "log.filter",
                $filter,
                "what is logged, in `tracing` directives; `access=debug` logs every request",
            ),
            $crate::config::text(
                concat!($prefix, "LOG_FORMAT"),
                "log.format",
                "auto",
                "`text`, `json`, or `auto`: text on a terminal, JSON otherwise",
            ),
        ]
    };
}

/// What is logged, and in which format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Which lines are written.
    pub filter: LogFilter,
    /// Format of a line.
    pub format: LogFormat,
}

/// Format of a line of the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Text.
    Text,
    /// One JSON object per line.
    Json,
}

/// Directives of `tracing`, such as `info` or `info,access=debug`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter; the directives were checked when they were read.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(directives: String) -> Result<Self, String> {
        EnvFilter::try_new(&directives).map_err(|error| format!("is not a log filter: {error}"))?;
        Ok(Self(directives))
    }
}
