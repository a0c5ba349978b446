//! Sessions: how long, how many.

use std::num::NonZeroU16;

use chrono::TimeDelta;
use serde::Deserialize;

use super::setting::{Setting, number};
use crate::session::Limits;
use crate::token::LEEWAY;

pub(crate) const SETTINGS: &[Setting] = &[
    number(
        "AUTH_SESSION_IDLE_DAYS",
        "session.idle_days",
        "30",
        "a session that is not refreshed for this long is over, days",
    ),
    number(
        "AUTH_SESSION_DAYS",
        "session.days",
        "90",
        "a session is over after this long in any case, days",
    ),
    number(
        "AUTH_SESSIONS",
        "session.most",
        "20",
        "sessions of one user; one more ends the one that was idle for longest",
    ),
];

/// Sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    idle_days: NonZeroU16,
    days: NonZeroU16,
    most: NonZeroU16,
}

/// Added to how long a revocation is remembered, for answers that are under way.
const TO_SPARE: TimeDelta = TimeDelta::seconds(60);

impl SessionConfig {
    /// The limits, where access tokens live for `token`.
    #[must_use]
    pub fn limits(&self, token: TimeDelta) -> Limits {
        Limits {
            idle: TimeDelta::days(self.idle_days.get().into()),
            absolute: TimeDelta::days(self.days.get().into()),
            most: self.most.get().into(),
            revocation: token + LEEWAY + TO_SPARE,
        }
    }
}
