//! The time of day.

use chrono::{DateTime, Utc};

/// By the clock of this machine, as the labeler's stamps are.
#[expect(clippy::disallowed_methods, reason = "no clock is passed in: the programs go by this one")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
