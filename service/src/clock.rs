//! The one place that reads the wall clock.
//!
//! Everything else is given the time, so that a test can move it: a label that becomes active at its
//! second, a token that expires, a revocation that lapses are tested without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time. Cheap to clone; clones share the same offsets.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Time that a test let pass: for every machine.
    passed_ms: Arc<AtomicI64>,
    /// How wrong a test made this machine's clock.
    error_ms: Arc<AtomicI64>,
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that is passed in")]
impl Clock {
    /// The current time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.offset_ms())
    }

    /// The current time in whole seconds since 1970, without the cost of a calendar.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        // A system clock before 1970 reads as 1970: then every token has yet to become valid.
        let since_epoch =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        millis.saturating_add(self.offset_ms()).div_euclid(1_000)
    }

    fn offset_ms(&self) -> i64 {
        self.passed_ms.load(Ordering::Relaxed) + self.error_ms.load(Ordering::Relaxed)
    }

    /// Lets `delta` pass for every clone, and for the machines that it is compared with. For tests.
    pub fn advance(&self, delta: TimeDelta) {
        self.passed_ms.fetch_add(delta.num_milliseconds(), Ordering::Relaxed);
    }

    /// Makes every clone wrong by `delta`, unlike the machines that it is compared with. For tests.
    pub fn set_error(&self, delta: TimeDelta) {
        self.error_ms.store(delta.num_milliseconds(), Ordering::Relaxed);
    }

    /// The time of another machine's clock, which shows `reading`, after what a test let pass.
    #[must_use]
    pub fn elsewhere(&self, reading: DateTime<Utc>) -> DateTime<Utc> {
        reading + TimeDelta::milliseconds(self.passed_ms.load(Ordering::Relaxed))
    }
}
