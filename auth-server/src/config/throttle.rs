//! How failed tries to sign in are slowed down.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::setting::{Setting, number, text};
use crate::throttle::{Limits, Tries};

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_THROTTLE_WAITS",
        "throttle.waits",
        "1,3,5,10,20,30,60",
        "waits after failed tries, one after the other, s; the last one stays",
    ),
    number(
        "AUTH_THROTTLE_PAIR_TRIES",
        "throttle.pair_tries",
        "3",
        "failed tries at one login from one address, or of one signed-in user, until the first wait",
    ),
    number(
        "AUTH_THROTTLE_LOGIN_TRIES",
        "throttle.login_tries",
        "10",
        "failed tries at one login from addresses that it was not used from lately, until the first wait",
    ),
    number(
        "AUTH_THROTTLE_ADDRESS_TRIES",
        "throttle.address_tries",
        "50",
        "failed tries from one address (IPv6: one /64) at any login, until the first wait",
    ),
    number(
        "AUTH_THROTTLE_MEMORY_SECONDS",
        "throttle.memory_seconds",
        "3600",
        "failed tries are forgotten after this long without another, s",
    ),
];

/// How failed tries to sign in are slowed down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    waits: Waits,
    pair_tries: NonZeroU32,
    login_tries: NonZeroU32,
    address_tries: NonZeroU32,
    memory_seconds: NonZeroU32,
}

impl ThrottleConfig {
    /// The limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let tries = Tries {
            pair: self.pair_tries.get(),
            login: self.login_tries.get(),
            address: self.address_tries.get(),
        };
        let waits = self.waits.0.iter().map(|seconds| i64::from(*seconds) * 1_000).collect();
        Limits::new(tries, waits, i64::from(self.memory_seconds.get()) * 1_000)
    }
}

/// At least one wait, in seconds. None is longer than a day: a lock must not be for good.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OneOrMany")]
struct Waits(Vec<u32>);

/// A comma-separated text (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<u32>),
}

/// Longest wait, in seconds.
const LONGEST: u32 = 86_400;

impl TryFrom<OneOrMany> for Waits {
    type Error = &'static str;

    fn try_from(given: OneOrMany) -> Result<Self, Self::Error> {
        let broken = "must be seconds from 1 to 86400, like `1,3,5,10`";
        let waits = match given {
            OneOrMany::Many(waits) => waits,
            OneOrMany::One(list) => list
                .split(',')
                .map(|one| one.trim().parse().map_err(|_| broken))
                .collect::<Result<_, _>>()?,
        };
        let good = !waits.is_empty() && waits.iter().all(|wait| (1..=LONGEST).contains(wait));
        if good { Ok(Self(waits)) } else { Err(broken) }
    }
}
