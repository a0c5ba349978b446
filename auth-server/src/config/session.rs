//! Sessions: how long, how many.

use std::num::NonZeroU16;

use chrono::TimeDelta;
use serde::Deserialize;

use service::config::{Setting, number};

pub(crate) const SETTINGS: &[Setting] = &[
    number(
        "AUTH_SESSION_IDLE_DAYS",
        "session.idle_days",
        "30",
        "a session expires if it is not refreshed for this long, days",
    ),
    number(
        "AUTH_SESSION_DAYS",
        "session.days",
        "90",
        "a session expires this long after the login, even if it is refreshed, days",
    ),
    number(
        "AUTH_MAX_SESSIONS",
        "session.max",
        "20",
        "maximum number of sessions per user; a further login ends the least recently used one",
    ),
];

/// Sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    idle_days: NonZeroU16,
    days: NonZeroU16,
    max: NonZeroU16,
}

impl SessionConfig {
    /// How long a session lasts without a refresh.
    #[must_use]
    pub fn idle(&self) -> TimeDelta {
        TimeDelta::days(self.idle_days.get().into())
    }

    /// How long a session lasts in any case.
    #[must_use]
    pub fn absolute(&self) -> TimeDelta {
        TimeDelta::days(self.days.get().into())
    }

    /// Sessions per user.
    #[must_use]
    pub fn max(&self) -> i64 {
        self.max.get().into()
    }
}
