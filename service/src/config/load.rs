//! Reads the settings, or says which one is wrong.

use std::collections::BTreeMap;
use std::path::Path;

use figment::Figment;
use figment::error::Kind as ErrorKind;
use figment::providers::Serialized;
use figment::value::Value;
use serde::de::DeserializeOwned;

use super::injected::is_injected;
use super::toml_file::TomlFile;
use super::{ConfigError, Kind, SecretFile, Setting, SettingsTable, read_secret_file};

type Variables = BTreeMap<String, String>;

/// Where settings come from besides the environment, as options of the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    /// The TOML file.
    pub file: Option<&'a Path>,
    /// Only warn of variables that are not settings.
    pub allow_unknown: bool,
}

/// Settings that were read, and what is questionable about them.
#[derive(Debug)]
#[must_use]
pub struct Loaded<T> {
    /// The settings.
    pub config: T,
    warnings: Vec<String>,
}

impl<T> Loaded<T> {
    /// The settings. What is questionable about them is logged, so the log must have been started.
    pub fn warn(self) -> T {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        self.config
    }
}

impl SettingsTable {
    /// Reads the settings of this process: defaults, then the file, then the environment.
    ///
    /// # Errors
    /// A setting is unknown, removed or invalid, or the file does not exist.
    pub fn load_from_environment<T: DeserializeOwned>(
        &self,
        source: Source<'_>,
    ) -> Result<Loaded<T>, ConfigError> {
        // No setting has a name that is not UTF-8; a value that is not fails when it is parsed.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        self.load(source, variables)
    }

    /// Reads the settings: defaults, then the file, then `variables`.
    ///
    /// # Errors
    /// A setting is unknown, removed or invalid, or the file does not exist.
    pub fn load<T: DeserializeOwned>(
        &self,
        Source { file, allow_unknown }: Source<'_>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded<T>, ConfigError> {
        let variables: Variables = variables.into_iter().collect();
        self.refuse_removed(&variables)?;
        let mut warnings = Vec::new();
        for unknown in self.unknown(&variables) {
            if !allow_unknown {
                return Err(unknown);
            }
            warnings.push(unknown.to_string());
        }
        let mut figment = Figment::new();
        for setting in self.settings() {
            let default = value(setting, setting.default);
            figment = figment.merge(Serialized::default(setting.key, default));
        }
        let file = file.map(|path| TomlFile::read(self.file_variable, path)).transpose()?;
        if let Some(file) = &file {
            figment = figment.merge(Serialized::defaults(file.table()?));
        }
        for setting in self.settings() {
            if let Some(text) = given(setting, &variables, &mut warnings)? {
                figment = figment.merge(Serialized::default(setting.key, value(setting, &text)));
            }
        }
        let config = figment
            .extract()
            .map_err(|error| ConfigError::Invalid(self.describe(&error, file.as_ref())))?;
        Ok(Loaded { config, warnings })
    }

    fn refuse_removed(&self, variables: &Variables) -> Result<(), ConfigError> {
        let set = |name: &str| variables.contains_key(name);
        match self.removed.iter().find(|removed| set(removed.variable)) {
            None => Ok(()),
            Some(removed) => Err(ConfigError::Removed {
                name: removed.variable.to_owned(),
                replacement: removed.replacement,
            }),
        }
    }

    /// Variables that are most likely misspelled settings: with the prefix of the program, or almost with
    /// the name of a setting that it shares with other programs.
    fn unknown(&self, variables: &Variables) -> impl Iterator<Item = ConfigError> {
        let known = |name: &str| {
            name == self.file_variable
                || self.foreign.contains(&name)
                || self.settings().any(|setting| setting.is_set_by(name))
        };
        let unknown = variables.keys().filter(move |name| !known(name) && !is_injected(name));
        unknown.filter_map(|name| {
            let closest = match self.near_miss(name) {
                Some(setting) => Some(setting),
                None if name.starts_with(self.prefix) => self.closest(name),
                None => return None,
            };
            let (name, closest) = (name.clone(), closest.map(str::to_owned));
            Some(ConfigError::Unknown { name, closest, program: self.program })
        })
    }

    /// The setting under both its names, or the place in the file, and what is wrong.
    fn describe(&self, error: &figment::Error, file: Option<&TomlFile>) -> String {
        let key = error.path.join(".");
        match self.settings().find(|setting| setting.key == key) {
            Some(setting) => {
                let reason = reason(&error.kind, setting.kind);
                format!("{} (`{key}` in the file): {reason}", setting.variable)
            }
            None => describe_unknown(error, file),
        }
    }
}

fn describe_unknown(error: &figment::Error, file: Option<&TomlFile>) -> String {
    let Some(file) = file else { return error.to_string() };
    let mut path: Vec<&str> = error.path.iter().map(String::as_str).collect();
    let key = path.join(".");
    let message = match &error.kind {
        ErrorKind::UnknownField(name, expected) => {
            if path.last() != Some(&name.as_str()) {
                path.push(name);
            }
            format!("unknown field `{name}`, expected one of {}", expected.join(", "))
        }
        kind if key.is_empty() => kind.to_string(),
        kind => format!("{key}: {kind}"),
    };
    file.message_about(&path, &message)
}

/// The value of the setting in the environment.
fn given(
    setting: &Setting,
    variables: &Variables,
    warnings: &mut Vec<String>,
) -> Result<Option<String>, ConfigError> {
    let plain = variables.get(setting.variable);
    if setting.kind != Kind::Secret {
        return Ok(plain.cloned());
    }
    // `NAME=` in an env file means "not set".
    let plain = plain.filter(|text| !text.is_empty());
    let path = variables.get(&format!("{}_FILE", setting.variable)).filter(|path| !path.is_empty());
    match (plain, path) {
        (Some(_), Some(_)) => Err(ConfigError::SetTwice(setting.variable)),
        (plain, None) => Ok(plain.cloned()),
        (None, Some(path)) => {
            let SecretFile { text, warning } = read_secret_file(Path::new(path))
                .map_err(|error| ConfigError::SecretFile(setting.variable, error))?;
            let variable = setting.variable;
            warnings.extend(warning.map(|warning| format!("{variable}_FILE: {warning}")));
            Ok(Some(text.to_string()))
        }
    }
}

/// The text as the value that the TOML file would hold. A text of digits stays a text.
fn value(setting: &Setting, text: &str) -> Value {
    match (setting.kind, text.parse::<u64>()) {
        (Kind::Number, Ok(number)) => Value::from(number),
        _ => Value::from(text),
    }
}

/// What is wrong, without the value if that is a secret.
fn reason(error: &ErrorKind, setting: Kind) -> String {
    match (setting, error) {
        (Kind::Secret, ErrorKind::Message(message)) => message.clone(),
        (Kind::Secret, _) => "must be a text".into(),
        (Kind::Text | Kind::Number, error) => error.to_string(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
