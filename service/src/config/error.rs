//! Why settings cannot be used.

use std::path::PathBuf;

use super::SecretFileError;

/// Why the settings cannot be used. Every message names the setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable with the program's prefix that is not a setting, most likely misspelled.
    #[error("{name} is not a setting; {}", hint(.closest.as_deref(), .program))]
    Unknown {
        /// The variable.
        name: String,
        /// The setting with the most similar name, if one is similar.
        closest: Option<String>,
        /// The program, for its `--help`.
        program: &'static str,
    },
    /// A variable that earlier versions read.
    #[error("{name} is no longer a setting; use {replacement} instead")]
    Removed {
        /// The variable.
        name: String,
        /// What replaces it.
        replacement: &'static str,
    },
    /// A variable and its `_FILE` form at the same time.
    #[error("{0} and {0}_FILE are both set; keep one")]
    SetTwice(&'static str),
    /// A file with a secret in it cannot be used.
    #[error("{0}_FILE: {1}")]
    SecretFile(&'static str, #[source] SecretFileError),
    /// The TOML file does not exist.
    #[error("{variable}: there is no file {}", .path.display())]
    NoFile {
        /// The variable that names it; `--config` does, too.
        variable: &'static str,
        /// The path.
        path: PathBuf,
    },
    /// A setting that this command needs has no value.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A value, or the file itself, is invalid.
    #[error("{0}")]
    Invalid(String),
}

fn hint(closest: Option<&str>, program: &str) -> String {
    match closest {
        Some(closest) => format!("did you mean {closest}?"),
        None => format!("`{program} --help` lists them"),
    }
}
