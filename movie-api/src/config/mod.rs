//! Settings: defaults, then an optional TOML file, then the environment.

mod load;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Deserialize;

pub use load::{FILE_VARIABLE, help, load};
pub use values::{BaseUrl, IndexName, LogFilter, Origins};

/// The settings of one process. The keys of the TOML file are the names of these fields.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the API; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of metrics and health, for operators only.
    pub ops_listen: SocketAddr,
    /// Where auth-server answers.
    pub auth_url: BaseUrl,
    /// Where Elasticsearch answers; user and password may stand in it.
    pub elasticsearch_url: BaseUrl,
    /// Index or alias of the films.
    pub films_index: IndexName,
    /// Origins of browser front ends that may read answers.
    pub cors_origins: Origins,
    auth_timeout_ms: NonZeroU64,
    search_timeout_ms: NonZeroU64,
    guest_filter_refresh_seconds: NonZeroU64,
    guest_filter_max_age_seconds: u32,
    /// What is logged, in the language of `tracing` directives.
    pub log: LogFilter,
}

impl Config {
    /// The longest wait for an answer of auth-server.
    pub fn auth_timeout(&self) -> Duration {
        Duration::from_millis(self.auth_timeout_ms.get())
    }

    /// The longest wait for an answer of Elasticsearch.
    pub fn search_timeout(&self) -> Duration {
        Duration::from_millis(self.search_timeout_ms.get())
    }

    /// How often the guest's filter is fetched without anyone asking.
    pub fn guest_filter_refresh(&self) -> Duration {
        Duration::from_secs(self.guest_filter_refresh_seconds.get())
    }

    /// How long a kept guest's filter may answer while auth-server is away.
    pub fn guest_filter_max_age(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(self.guest_filter_max_age_seconds.into())
    }
}
