//! Log lines, on standard error: standard output is for results.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, ConfigError, LogFormat};

/// Starts logging.
///
/// # Errors
/// `ETL_LOG` is no list of `tracing` directives.
pub fn start(config: &Config) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.etl_log)
        .map_err(|error| ConfigError::Broken(format!("ETL_LOG: {error}")))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let text = match config.log_format {
        LogFormat::Auto => stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    if text {
        subscriber.with_ansi(stderr().is_terminal()).init();
    } else {
        subscriber.json().flatten_event(true).with_span_list(false).init();
    }
    Ok(())
}
