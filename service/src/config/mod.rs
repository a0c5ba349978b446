//! Settings: defaults, then an optional TOML file, then the environment.
//!
//! A program declares each setting once, as a row of a table ([`Setting`]). From the rows of its
//! [`SettingsTable`] come the environment variable, the key in the TOML file, the `_FILE` variable of
//! a secret, the `--help` text and the check of the README.

mod elasticsearch;
mod error;
mod injected;
mod listen;
mod load;
mod log;
mod proxies;
mod secret_file;
mod server;
mod setting;
mod table;
mod toml_file;
mod values;

pub use elasticsearch::{
    ApiKey, BaseUrl, ElasticsearchConfig, IndexName, NodeUrls, elasticsearch_if_any,
};
pub use error::ConfigError;
pub use listen::ListenAddress;
pub use load::{Loaded, Source};
pub use log::{LogConfig, LogFilter, LogFormat};
pub use proxies::TrustedProxies;
pub use secret_file::{SecretFile, SecretFileError, read_secret_file};
pub use server::ServerConfig;
pub use setting::{Kind, Setting, number, secret, text};
pub use table::{Removed, SettingsTable};
pub use values::{NonEmpty, Origins, list, none_if_empty};
