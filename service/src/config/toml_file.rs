//! The optional TOML file. Its text stays out of messages: it may contain secrets.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A TOML file that was read.
pub(super) struct TomlFile {
    path: PathBuf,
    text: String,
}

impl TomlFile {
    /// Reads the file; `variable` names it in the error.
    pub(super) fn read(variable: &'static str, path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.to_owned(), text }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(ConfigError::NoFile { variable, path: path.to_owned() })
            }
            Err(error) => {
                let path = path.display();
                Err(ConfigError::Invalid(format!("{variable}: {path}: {error}")))
            }
        }
    }

    /// The content.
    pub(super) fn table(&self) -> Result<toml::Table, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            let line = self.line(error.span().map_or(0, |span| span.start));
            ConfigError::Invalid(self.at(line, error.message()))
        })
    }

    /// `message` with the place of this key, or of the part of its path that exists.
    pub(super) fn message_about(&self, path: &[&str], message: &str) -> String {
        let table = DeTable::parse(&self.text).ok();
        match table.and_then(|table| start_in_table(table.get_ref(), path)) {
            Some(start) => self.at(self.line(start), message),
            None => format!("{}: {message}", self.path.display()),
        }
    }

    fn at(&self, line: usize, message: &str) -> String {
        format!("{}, line {line}: {message}", self.path.display())
    }

    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or(&self.text).matches('\n').count() + 1
    }
}

fn start_in_table(table: &DeTable<'_>, path: &[&str]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    Some(start_in_value(value.get_ref(), rest).unwrap_or(key.span().start))
}

fn start_in_value(value: &DeValue<'_>, path: &[&str]) -> Option<usize> {
    match value {
        DeValue::Table(table) => start_in_table(table, path),
        DeValue::Array(items) => {
            let (index, rest) = path.split_first()?;
            let item = items.get(index.parse::<usize>().ok()?)?;
            Some(start_in_value(item.get_ref(), rest).unwrap_or(item.span().start))
        }
        _ => None,
    }
}
