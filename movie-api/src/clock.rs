//! The one place that reads the wall clock.

use chrono::{DateTime, Utc};

/// Tells the time; everything else is given it.
#[expect(clippy::disallowed_methods, reason = "this is the clock that is passed in")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
