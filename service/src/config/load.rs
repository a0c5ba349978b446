//! Reads the settings, or says which one is wrong.

use std::collections::BTreeMap;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::Value;
use serde::de::DeserializeOwned;

use super::{ConfigError, Kind, Setting, SettingsTable, read_secret_file};

type Variables = BTreeMap<String, String>;

impl SettingsTable {
    /// Reads the settings of this process: defaults, then `file`, then the environment.
    ///
    /// # Errors
    /// A setting is unknown, removed or invalid, or the file does not exist.
    pub fn load_from_environment<T: DeserializeOwned>(
        &self,
        file: Option<&Path>,
    ) -> Result<T, ConfigError> {
        // No setting has a name that is not UTF-8; a value that is not fails when it is parsed.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        self.load(file, variables)
    }

    /// Reads the settings: defaults, then `file`, then `variables`.
    ///
    /// # Errors
    /// A setting is unknown, removed or invalid, or the file does not exist.
    pub fn load<T: DeserializeOwned>(
        &self,
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<T, ConfigError> {
        let variables: Variables = variables.into_iter().collect();
        self.refuse_removed(&variables)?;
        self.refuse_unknown(&variables)?;
        let mut figment = Figment::new();
        for setting in self.settings() {
            let default = value(setting, setting.default);
            figment = figment.merge(Serialized::default(setting.key, default));
        }
        if let Some(path) = file {
            if !path.is_file() {
                let variable = self.file_variable;
                return Err(ConfigError::NoFile { variable, path: path.to_owned() });
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        for setting in self.settings() {
            if let Some(text) = given(setting, &variables)? {
                figment = figment.merge(Serialized::default(setting.key, value(setting, &text)));
            }
        }
        figment.extract().map_err(|error| ConfigError::Invalid(self.describe(&error)))
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

    fn refuse_unknown(&self, variables: &Variables) -> Result<(), ConfigError> {
        let known = |name: &str| {
            name == self.file_variable
                || self.foreign.contains(&name)
                || self.settings().any(|setting| setting.is_set_by(name))
        };
        let mut ours = variables.keys().filter(|name| name.starts_with(self.prefix));
        match ours.find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(ConfigError::Unknown {
                name: name.clone(),
                closest: self.closest(name).map(str::to_owned),
                program: self.program,
            }),
        }
    }

    /// The setting under both its names, and what is wrong with it.
    fn describe(&self, error: &figment::Error) -> String {
        let key = error.path.join(".");
        let kind = &error.kind;
        match self.settings().find(|setting| setting.key == key) {
            Some(setting) if setting.kind == Kind::Secret => {
                format!("{} (`{key}` in the file): {}", setting.variable, reason(kind))
            }
            Some(setting) => format!("{} (`{key}` in the file): {kind}", setting.variable),
            None => error.to_string(),
        }
    }
}

/// The value of the setting in the environment.
fn given(setting: &Setting, variables: &Variables) -> Result<Option<String>, ConfigError> {
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
        (None, Some(path)) => read_secret_file(Path::new(path))
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

/// The reason without the value, which is a secret.
fn reason(kind: &figment::error::Kind) -> String {
    match kind {
        figment::error::Kind::Message(message) => message.clone(),
        _ => "must be a text".into(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
