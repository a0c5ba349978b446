//! The one place that reads the wall clock; everything else is given the time.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, in whole seconds: windows and `access.labelled_at` know no smaller unit.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock that others are given")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// The form in which the index keeps instants, `2028-03-01T00:00:00Z`.
#[must_use]
pub fn text(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
