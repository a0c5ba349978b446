//! Where settings come from, and the names they have there.

use std::{env, fs, path::Path};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use thiserror::Error;

use super::Config;

/// Names the optional TOML file.
pub const FILE_VARIABLE: &str = "ETL_CONFIG";

/// Variable (the file has the same in lower case), default, meaning.
const SETTINGS: [(&str, Option<&str>, &str); 9] = [
    ("ELASTICSEARCH_URL", Some("http://127.0.0.1:9200"), "Elasticsearch; may carry user:password"),
    ("DATABASE_URL", None, "PostgreSQL for the jobs of `run`"),
    ("FILMS_INDEX", Some("films"), "index or alias of the films"),
    ("ETL_LABELS", None, "file of label rules; without it the shipped ones"),
    ("ETL_SCHEDULE", Some("0 0 * * * *"), "when `run` labels: cron with seconds, in UTC"),
    ("ETL_PAGE_SIZE", Some("5000"), "films read and written at a time, 1 to 10000"),
    ("ETL_LOG", Some("info,sqlx=warn"), "what is logged (`tracing` directives)"),
    ("LOG_FORMAT", Some("auto"), "text, json, or auto: text on a terminal"),
    ("OPS_LISTEN", Some("127.0.0.1:9091"), "address of /metrics in `run`"),
];

/// Settings that can hold a password: `<NAME>_FILE` names a file with the value.
const SECRETS: [&str; 2] = ["ELASTICSEARCH_URL", "DATABASE_URL"];

/// Why the settings can't be used; the message names the setting.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An `ETL_*` variable that means nothing here, most likely misspelled.
    #[error("{0} is not a setting; `etl-labeler --help` lists them all")]
    Unknown(String),
    /// A setting that this command can't do without.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A file that a setting names can't be read.
    #[error("{0}: can't read `{1}`: {2}")]
    File(String, String, std::io::Error),
    /// A value, or the file itself, can't be understood.
    #[error("{0}")]
    Broken(String),
}

/// Reads the settings: defaults, then `file`, then the environment.
///
/// # Errors
/// An unknown or broken setting, or a file that can't be read.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    refuse_unknown(env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))?;
    let mut figment =
        SETTINGS.iter().fold(Figment::new(), |figment, (variable, default, _)| match default {
            Some(default) => figment.merge(Serialized::default(&variable.to_lowercase(), default)),
            None => figment,
        });
    if let Some(file) = file {
        let text = text_of(FILE_VARIABLE, file.as_os_str())?;
        figment = figment.merge(Toml::string(&text));
    }
    figment = figment.merge(Env::raw().only(&SETTINGS.map(|(variable, ..)| variable)));
    for variable in SECRETS {
        let named = format!("{variable}_FILE");
        if let Some(path) = env::var_os(&named) {
            let secret = text_of(&named, &path)?;
            figment = figment.merge(Serialized::default(&variable.to_lowercase(), secret.trim()));
        }
    }
    figment.extract().map_err(|error| ConfigError::Broken(describe(&error)))
}

fn text_of(setting: &str, path: &std::ffi::OsStr) -> Result<String, ConfigError> {
    fs::read_to_string(path)
        .map_err(|e| ConfigError::File(setting.to_owned(), path.to_string_lossy().into_owned(), e))
}

fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    let known = |name: &str| {
        name == FILE_VARIABLE || SETTINGS.iter().any(|(variable, ..)| *variable == name)
    };
    match names.filter(|name| name.starts_with("ETL_")).find(|name| !known(name)) {
        Some(name) => Err(ConfigError::Unknown(name)),
        None => Ok(()),
    }
}

/// The setting under the name of its variable, and what is wrong with it; never its value's
/// secrets.
fn describe(error: &figment::Error) -> String {
    match error.path.first() {
        Some(key) => format!("{}: {}", key.to_uppercase(), error.kind),
        None => error.to_string(),
    }
}

/// The table of settings, for `--help`.
#[must_use]
pub fn help() -> String {
    let lines = SETTINGS.iter().map(|(variable, default, meaning)| {
        format!("  {variable:<18} {meaning} [default: {}]\n", default.unwrap_or("none"))
    });
    let secrets = SECRETS.map(|secret| format!("{secret}_FILE")).join(", ");
    format!(
        "Settings (environment; the file of --config has the same names in lower case):\n{}  \
         {secrets}: files to read these from",
        lines.collect::<String>()
    )
}
