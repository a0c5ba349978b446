//! Reads the settings, or says which one is wrong.

use std::collections::BTreeMap;
use std::path::Path;

use figment::Figment;
use figment::error::Kind as ErrorKind;
use figment::providers::Serialized;
use figment::value::Value;
use serde::de::DeserializeOwned;

use super::toml_file::TomlFile;
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
        let file = file.map(|path| TomlFile::read(self.file_variable, path)).transpose()?;
        if let Some(file) = &file {
            figment = figment.merge(Serialized::defaults(file.table()?));
        }
        for setting in self.settings() {
            if let Some(text) = given(setting, &variables)? {
                figment = figment.merge(Serialized::default(setting.key, value(setting, &text)));
            }
        }
        figment
            .extract()
            .map_err(|error| ConfigError::Invalid(self.describe(&error, file.as_ref())))
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
