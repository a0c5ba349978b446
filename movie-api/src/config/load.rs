//! Where settings come from, and the names they have there.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use thiserror::Error;

use super::Config;

/// Names the optional TOML file.
pub const FILE_VARIABLE: &str = "MOVIE_CONFIG";

/// One setting.
struct Setting {
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
}

const fn setting(
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default, about }
}

const SETTINGS: [Setting; 11] = [
    setting("MOVIE_LISTEN", "listen", "127.0.0.1:8000", "address of the API"),
    setting("OPS_LISTEN", "ops_listen", "127.0.0.1:9092", "address of metrics and health"),
    setting("AUTH_URL", "auth_url", "http://127.0.0.1:8080", "auth-server"),
    setting("ELASTICSEARCH_URL", "elasticsearch_url", "http://127.0.0.1:9200", "Elasticsearch"),
    setting("FILMS_INDEX", "films_index", "films", "index or alias of the films"),
    setting("MOVIE_CORS_ORIGINS", "cors_origins", "", "front ends' origins, comma-separated"),
    setting("MOVIE_AUTH_TIMEOUT_MS", "auth_timeout_ms", "2000", "longest wait for auth-server, ms"),
    setting(
        "MOVIE_SEARCH_TIMEOUT_MS",
        "search_timeout_ms",
        "5000",
        "longest wait for Elasticsearch, ms",
    ),
    setting(
        "MOVIE_GUEST_FILTER_REFRESH_SECONDS",
        "guest_filter_refresh_seconds",
        "5",
        "time between fetches of the guest's filter",
    ),
    setting(
        "MOVIE_GUEST_FILTER_MAX_AGE_SECONDS",
        "guest_filter_max_age_seconds",
        "3600",
        "how long the last one answers while auth-server is away",
    ),
    setting("MOVIE_LOG", "log", "info,poem=warn", "what is logged (`tracing` directives)"),
];

/// Why the settings can't be used; the message names the setting.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A `MOVIE_*` variable that means nothing here, most likely misspelled.
    #[error("{0} is not a setting; `movie-api --help` lists them all")]
    Unknown(String),
    /// The TOML file is not there.
    #[error("{FILE_VARIABLE}: there is no file `{0}`")]
    NoFile(String),
    /// A value, or the file itself, can't be read.
    #[error("{0}")]
    Broken(String),
}

/// Reads the settings: defaults, then `file`, then the environment.
///
/// # Errors
/// An unknown or broken setting, or a file that isn't there.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    refuse_unknown(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))?;
    let mut figment = SETTINGS.iter().fold(Figment::new(), |figment, setting| {
        figment.merge(Serialized::default(setting.key, parsed(setting.default)))
    });
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::NoFile(file.display().to_string()));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    figment.merge(environment()).extract().map_err(|error| ConfigError::Broken(describe(&error)))
}

fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    let known = |name: &str| name == FILE_VARIABLE || SETTINGS.iter().any(|s| s.variable == name);
    names
        .filter(|name| name.starts_with("MOVIE_"))
        .find(|name| !known(name))
        .map_or(Ok(()), |name| Err(ConfigError::Unknown(name)))
}

/// A default in the type that the same text would have in the environment.
fn parsed(text: &str) -> figment::value::Value {
    text.parse().unwrap_or_else(|infallible: std::convert::Infallible| match infallible {})
}

fn environment() -> Env {
    Env::raw().filter_map(|name| {
        let setting = SETTINGS.iter().find(|setting| name == setting.variable)?;
        Some(setting.key.into())
    })
}

/// The message for people: the setting under both its names, and what is wrong with it.
fn describe(error: &figment::Error) -> String {
    let key = error.path.first().map_or("", String::as_str);
    match SETTINGS.iter().find(|setting| setting.key == key) {
        Some(setting) => format!("{} (`{key}` in the file): {}", setting.variable, error.kind),
        None => error.to_string(),
    }
}

/// The table of settings, for `--help`.
pub fn help() -> String {
    let lines = SETTINGS.iter().map(|Setting { variable, default, about, .. }| {
        let default = if default.is_empty() { "none" } else { default };
        format!("  {variable:<36}{about} [default: {default}]\n")
    });
    format!(
        "Settings (environment; in the file lower case and without MOVIE_):\n{}",
        lines.collect::<String>()
    )
}
