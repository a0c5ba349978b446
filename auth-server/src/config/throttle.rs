//! How failed login attempts are slowed down.

use std::num::NonZeroU32;

use serde::Deserialize;

use service::config::{Setting, number, text};

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_THROTTLE_DELAYS",
        "throttle.delays",
        "1,3,5,10,20,30,60",
        "lockout delays after failed attempts, in order, s; the last one repeats",
    ),
    number(
        "AUTH_THROTTLE_PAIR_ATTEMPTS",
        "throttle.pair_attempts",
        "3",
        "failed attempts at one login from one address, or by one logged-in user, before the first delay",
    ),
    number(
        "AUTH_THROTTLE_LOGIN_ATTEMPTS",
        "throttle.login_attempts",
        "10",
        "failed attempts at one login from addresses that did not recently use it, before the first delay",
    ),
    number(
        "AUTH_THROTTLE_ADDRESS_ATTEMPTS",
        "throttle.address_attempts",
        "50",
        "failed attempts from one address (IPv6: one /64) at any login, before the first delay",
    ),
    number(
        "AUTH_THROTTLE_ADDRESS_REGISTRATIONS",
        "throttle.address_registrations",
        "30",
        "registrations from one address (IPv6: one /64) in ten minutes, refused ones included",
    ),
    number(
        "AUTH_THROTTLE_REGISTRATIONS",
        "throttle.registrations",
        "300",
        "registrations from all addresses in a minute, refused ones included",
    ),
    number(
        "AUTH_THROTTLE_MEMORY_SECONDS",
        "throttle.memory_seconds",
        "3600",
        "failed attempts are forgotten after this time without another one, s",
    ),
];

/// How failed login attempts are slowed down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    delays: Delays,
    pair_attempts: NonZeroU32,
    login_attempts: NonZeroU32,
    address_attempts: NonZeroU32,
    address_registrations: NonZeroU32,
    registrations: NonZeroU32,
    memory_seconds: NonZeroU32,
}

impl ThrottleConfig {
    /// Lockout delays, in order, s.
    #[must_use]
    pub fn delays(&self) -> &[u32] {
        &self.delays.0
    }

    /// Free attempts at one account from one address.
    #[must_use]
    pub const fn pair_attempts(&self) -> u32 {
        self.pair_attempts.get()
    }

    /// Free attempts at one account.
    #[must_use]
    pub const fn login_attempts(&self) -> u32 {
        self.login_attempts.get()
    }

    /// Free attempts from one address.
    #[must_use]
    pub const fn address_attempts(&self) -> u32 {
        self.address_attempts.get()
    }

    /// Registrations from one address in ten minutes.
    #[must_use]
    pub const fn address_registrations(&self) -> u32 {
        self.address_registrations.get()
    }

    /// Registrations from all addresses in a minute.
    #[must_use]
    pub const fn registrations(&self) -> u32 {
        self.registrations.get()
    }

    /// How long failures are remembered, s.
    #[must_use]
    pub const fn memory_seconds(&self) -> u32 {
        self.memory_seconds.get()
    }
}

/// At least one delay, in seconds, none longer than a day: a lockout must not be permanent.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OneOrMany")]
struct Delays(Vec<u32>);

/// A comma-separated text (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<u32>),
}

/// Maximum delay, in seconds.
const MAX_DELAY: u32 = 86_400;

impl TryFrom<OneOrMany> for Delays {
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
        let good = !waits.is_empty() && waits.iter().all(|wait| (1..=MAX_DELAY).contains(wait));
        if good { Ok(Self(waits)) } else { Err(broken) }
    }
}
