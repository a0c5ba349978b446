//! The history of logins: how long it is kept.

use std::num::NonZeroU16;

use serde::Deserialize;

use service::config::{Setting, number};

pub(crate) const SETTINGS: &[Setting] = &[
    number(
        "AUTH_HISTORY_DAYS",
        "history.days",
        "365",
        "login attempts are deleted after this many days, in whole months",
    ),
    number(
        "AUTH_HISTORY_ADDRESS_DAYS",
        "history.address_days",
        "90",
        "their IP addresses and user agents are deleted after this many days",
    ),
];

/// The history of logins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryConfig {
    days: NonZeroU16,
    address_days: NonZeroU16,
}

impl HistoryConfig {
    /// How long login attempts are kept, in days.
    #[must_use]
    pub const fn days(&self) -> u16 {
        self.days.get()
    }

    /// How long their addresses and user agents are kept, in days.
    #[must_use]
    pub const fn address_days(&self) -> u16 {
        self.address_days.get()
    }
}
