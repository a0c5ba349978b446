//! Instants in the form of the index: whole seconds.

use chrono::{DateTime, SubsecRound, Utc};
use service::clock::Clock;

/// The current time in whole seconds: validity periods and `access.labelled_at` have no smaller unit.
#[must_use]
pub fn now(clock: &Clock) -> DateTime<Utc> {
    clock.now().trunc_subsecs(0)
}

/// The form of instants in the index, `2028-03-01T00:00:00Z`.
#[must_use]
pub fn text(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
