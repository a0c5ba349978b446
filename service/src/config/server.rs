//! Addresses and limits of the listeners.

use std::num::NonZeroU32;
use std::time::Duration;

use poem::http::HeaderName;
use serde::Deserialize;

use super::{ListenAddress, Origins, TrustedProxies, list, none_if_empty};
use crate::server::Drain;

/// The settings of the listeners of a program with this prefix and these default addresses.
#[macro_export]
macro_rules! server_settings {
    ($prefix:literal, $listen:literal, $ops_listen:literal) => {
        &[
            $crate::config::text(
                concat!($prefix, "LISTEN"),
                "server.listen",
                $listen,
                "address or host name, and port, of the API; port 0 takes a free port",
            ),
            $crate::config::text(
                concat!($prefix, "OPS_LISTEN"),
                "server.ops_listen",
                $ops_listen,
                "address of metrics and health, for operators only; empty: off",
            ),
            $crate::config::text(
                concat!($prefix, "CORS_ORIGINS"),
                "server.cors_origins",
                "",
                "origins of browser front ends, comma-separated: `https://films.example`",
            ),
            $crate::config::text(
                concat!($prefix, "CORS_HEADERS"),
                "server.cors_headers",
                "authorization,baggage,content-type,idempotency-key,if-match,if-none-match,sentry-trace,traceparent,tracestate,x-request-id",
                "request headers that these front ends may send, comma-separated",
            ),
            $crate::config::text(
                concat!($prefix, "TRUSTED_PROXIES"),
                "server.trusted_proxies",
                "",
                "proxies whose X-Forwarded-For or Forwarded names the client, comma-separated: \
                 `10.0.0.0/8,::1`",
            ),
            $crate::config::number(
                concat!($prefix, "BODY_LIMIT"),
                "server.body_limit",
                "65536",
                "maximum size of a request body, bytes",
            ),
            $crate::config::number(
                concat!($prefix, "DRAIN_SECONDS"),
                "server.drain_seconds",
                "30",
                "maximum time for open requests to finish at shutdown, s",
            ),
            $crate::config::number(
                concat!($prefix, "DRAIN_DELAY_SECONDS"),
                "server.drain_delay_seconds",
                "0",
                "time at shutdown for which requests are still accepted although the server is not ready \
                 any more, so that load balancers notice, s",
            ),
        ]
    };
}

/// Addresses and limits of the listeners.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address of the API; port 0 takes a free port.
    pub listen: ListenAddress,
    /// Address of metrics and health, if they are served.
    #[serde(deserialize_with = "none_if_empty")]
    pub ops_listen: Option<ListenAddress>,
    /// Origins of browser front ends that may read responses.
    pub cors_origins: Origins,
    /// Headers of requests that those front ends may send.
    #[serde(deserialize_with = "list")]
    pub cors_headers: Vec<HeaderName>,
    /// Proxies that may name the client's address.
    pub trusted_proxies: TrustedProxies,
    /// Maximum size of a request body in bytes, unless an operation sets its own.
    pub body_limit: NonZeroU32,
    drain_seconds: u32,
    drain_delay_seconds: u16,
}

impl ServerConfig {
    /// How the API stops.
    #[must_use]
    pub fn drain(&self) -> Drain {
        Drain {
            delay: Duration::from_secs(self.drain_delay_seconds.into()),
            limit: Duration::from_secs(self.drain_seconds.into()),
        }
    }
}
