//! Reads the settings, or says which one is wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::Value;
use thiserror::Error;

use super::setting::{Kind, Setting};
use super::{Config, settings};
use crate::crypto;

/// Names the optional TOML file.
pub const FILE_VARIABLE: &str = "AUTH_CONFIG";

/// `AUTH_*` variables of the other programs, which may share an environment with this one.
const NOT_OURS: &[&str] = &["AUTH_URL"];

/// Why the settings can't be used. Every message names the setting.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A variable that means nothing here, most likely misspelled.
    #[error("{0} is not a setting; `auth-server serve --help` lists them")]
    Unknown(String),
    /// A variable and its `_FILE` form at the same time.
    #[error("{0} and {0}_FILE are both set; keep one")]
    Twice(&'static str),
    /// A file with a secret in it can't be used.
    #[error("{0}_FILE: {1}")]
    SecretFile(&'static str, crypto::FileError),
    /// The TOML file is not there.
    #[error("{FILE_VARIABLE}: there is no file {}", .0.display())]
    NoFile(PathBuf),
    /// A value, or the file itself, can't be read.
    #[error("{0}")]
    Broken(String),
}

/// Reads the settings: defaults, then `file`, then `variables` (the environment, or what a test
/// puts in its place).
///
/// # Errors
/// An unknown or broken setting, or a file that isn't there.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let variables: HashMap<String, String> = variables.into_iter().collect();
    refuse_unknown(&variables)?;
    let mut figment = Figment::new();
    for setting in settings() {
        figment = figment.merge(Serialized::default(setting.key, value(setting, setting.default)));
    }
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::NoFile(file.to_owned()));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    for setting in settings() {
        if let Some(text) = given(setting, &variables)? {
            figment = figment.merge(Serialized::default(setting.key, value(setting, &text)));
        }
    }
    figment.extract().map_err(|error| ConfigError::Broken(describe(&error)))
}

fn refuse_unknown(variables: &HashMap<String, String>) -> Result<(), ConfigError> {
    let unknown = variables.keys().filter(|name| name.starts_with("AUTH_")).find(|name| {
        let known = settings().any(|setting| is_named(setting, name));
        !known && name.as_str() != FILE_VARIABLE && !NOT_OURS.contains(&name.as_str())
    });
    unknown.map_or(Ok(()), |name| Err(ConfigError::Unknown(name.clone())))
}

fn is_named(setting: &Setting, name: &str) -> bool {
    let stem = match setting.kind {
        Kind::Secret => name.strip_suffix("_FILE").unwrap_or(name),
        Kind::Text | Kind::Number => name,
    };
    stem == setting.variable
}

/// What the environment says about the setting.
fn given(
    setting: &Setting,
    variables: &HashMap<String, String>,
) -> Result<Option<String>, ConfigError> {
    let plain = variables.get(setting.variable);
    if setting.kind != Kind::Secret {
        return Ok(plain.cloned());
    }
    // `FOO=` in an env file means "not set".
    let plain = plain.filter(|text| !text.is_empty());
    let path = variables.get(&format!("{}_FILE", setting.variable)).filter(|path| !path.is_empty());
    match (plain, path) {
        (Some(_), Some(_)) => Err(ConfigError::Twice(setting.variable)),
        (plain, None) => Ok(plain.cloned()),
        (None, Some(path)) => crypto::read_file(Path::new(path))
            .map(|text| Some(text.to_string()))
            .map_err(|error| ConfigError::SecretFile(setting.variable, error)),
    }
}

/// The text as the value that the TOML file would hold. A text of digits stays a text.
fn value(setting: &Setting, text: &str) -> Value {
    match (setting.kind, text.parse::<u64>()) {
        (Kind::Number, Ok(number)) => Value::from(number),
        _ => Value::from(text),
    }
}

/// The message for people: the setting under both its names, and what is wrong with it.
fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let kind = &error.kind;
    match settings().find(|setting| setting.key == key) {
        Some(setting) if setting.kind == Kind::Secret => {
            format!("{} (`{key}` in the file): {}", setting.variable, reason(kind))
        }
        Some(setting) => format!("{} (`{key}` in the file): {kind}", setting.variable),
        None => error.to_string(),
    }
}

/// The reason without the value, which is a secret.
fn reason(kind: &figment::error::Kind) -> String {
    match kind {
        figment::error::Kind::Message(message) => message.clone(),
        _ => "must be a text".into(),
    }
}

/// The table of settings, for `--help`.
#[must_use]
pub fn help() -> String {
    let rows = settings().map(|Setting { variable, default, about, kind, .. }| {
        let default = match (default.is_empty(), kind) {
            (false, _) => format!(" [default: {default}]"),
            (true, Kind::Secret) => format!(" [also {variable}_FILE]"),
            (true, _) => String::new(),
        };
        format!("  {variable:<30}{about}{default}\n")
    });
    format!("Settings, from the environment or the file (README):\n{}", rows.collect::<String>())
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
