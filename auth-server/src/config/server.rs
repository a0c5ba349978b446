//! Addresses and limits of the listeners.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::proxies::TrustedProxies;
use super::setting::{Setting, number, text};
use super::values::{Origins, none_if_empty};

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_LISTEN",
        "server.listen",
        "127.0.0.1:8080",
        "address of the API; port 0 takes a free one",
    ),
    text(
        "AUTH_OPS_LISTEN",
        "server.ops_listen",
        "127.0.0.1:9090",
        "address of metrics and health, for operators only; empty: off",
    ),
    text(
        "AUTH_CORS_ORIGINS",
        "server.cors_origins",
        "",
        "origins of browser front ends, comma-separated: `https://films.example`",
    ),
    text(
        "AUTH_TRUSTED_PROXIES",
        "server.trusted_proxies",
        "",
        "proxies whose X-Forwarded-For or Forwarded names the client, comma-separated: `10.0.0.0/8,::1`",
    ),
    number("AUTH_BODY_LIMIT", "server.body_limit", "65536", "largest request body, bytes"),
    number(
        "AUTH_DRAIN_SECONDS",
        "server.drain_seconds",
        "30",
        "longest wait for open requests at the end, s",
    ),
];

/// Addresses and limits of the listeners.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address of the API; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of metrics and health, if they are served.
    #[serde(deserialize_with = "none_if_empty")]
    pub ops_listen: Option<SocketAddr>,
    /// Origins of browser front ends that may read answers.
    pub cors_origins: Origins,
    /// Proxies whose word about a client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Largest request body in bytes, where an operation doesn't say otherwise.
    pub body_limit: NonZeroU32,
    drain_seconds: u32,
}

impl ServerConfig {
    /// The longest wait for open requests when the server is told to stop.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }
}
