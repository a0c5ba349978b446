//! Clock skew: how far this machine's clock is from PostgreSQL's.
//!
//! One machine with a wrong clock must not destroy anything. What cannot be undone therefore happens only at
//! a time on which two clocks agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use super::PgPool;
use crate::clock::Clock;

/// Largest skew that is tolerated by default.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(30);

/// This machine's clock beside PostgreSQL's.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// The time here, just before PostgreSQL was asked.
    pub now: DateTime<Utc>,
    /// How far the clock here is ahead; negative if it is behind. Zero if the time of the request
    /// explains the difference.
    pub skew: TimeDelta,
}

impl ClockReading {
    /// Reads both clocks.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn take(database: impl PgExecutor<'_>, clock: &Clock) -> sqlx::Result<Self> {
        let now = clock.now();
        let there = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(database).await?;
        Ok(Self::compare(now, there, clock))
    }

    /// Compares with what PostgreSQL's clock showed at some time since `now`, the time here.
    fn compare(now: DateTime<Utc>, there: DateTime<Utc>, clock: &Clock) -> Self {
        let (there, after) = (clock.elsewhere(there), clock.now());
        let skew = if there < now { now - there } else { (after - there).min(TimeDelta::zero()) };
        Self { now, skew }
    }

    /// The time here, if the clocks agree.
    ///
    /// # Errors
    /// They differ by more than `tolerance`.
    pub fn within(self, tolerance: Duration) -> Result<DateTime<Utc>, ClockSkew> {
        if is_within(self.skew, tolerance) {
            Ok(self.now)
        } else {
            Err(ClockSkew { skew: self.skew, tolerance })
        }
    }
}

fn is_within(skew: TimeDelta, tolerance: Duration) -> bool {
    skew.abs().to_std().is_ok_and(|skew| skew <= tolerance)
}

/// The clocks differ by more than is tolerated.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "the clock of this machine is {} s {} PostgreSQL's, and more than {} s are not tolerated; \
     synchronize both clocks, for example with chrony",
    rounded(*.skew),
    if *.skew > TimeDelta::zero() { "ahead of" } else { "behind" },
    .tolerance.as_secs()
)]
pub struct ClockSkew {
    /// As in [`ClockReading::skew`].
    pub skew: TimeDelta,
    /// What is tolerated.
    pub tolerance: Duration,
}

/// In whole seconds, whichever clock is ahead.
fn rounded(skew: TimeDelta) -> i64 {
    (skew.abs() + TimeDelta::milliseconds(500)).num_seconds()
}

/// Tells the time on which this machine and PostgreSQL agree. Clones share what was last seen.
#[derive(Clone, Debug)]
pub struct AgreedClock {
    pool: PgPool,
    clock: Clock,
    tolerance: Duration,
    skewed: Arc<AtomicBool>,
}

impl AgreedClock {
    /// A clock that PostgreSQL has to confirm.
    #[must_use]
    pub fn new(pool: PgPool, clock: Clock, tolerance: Duration) -> Self {
        Self { pool, clock, tolerance, skewed: Arc::default() }
    }

    /// This machine's own clock.
    #[must_use]
    pub fn unconfirmed(&self) -> &Clock {
        &self.clock
    }

    /// Reads both clocks. The log says when they begin to differ, and when they agree again.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn read(&self) -> sqlx::Result<ClockReading> {
        let reading = ClockReading::take(&self.pool, &self.clock).await?;
        self.report(reading);
        Ok(reading)
    }

    /// As [`AgreedClock::read`], by what PostgreSQL's clock showed at some time since `now`, the time here.
    #[must_use]
    pub fn compare(&self, now: DateTime<Utc>, there: DateTime<Utc>) -> ClockReading {
        let reading = ClockReading::compare(now, there, &self.clock);
        self.report(reading);
        reading
    }

    fn report(&self, reading: ClockReading) {
        let within = reading.within(self.tolerance);
        match (self.skewed.swap(within.is_err(), Ordering::Relaxed), within) {
            (false, Err(skew)) => tracing::error!(
                "{skew}; until then this server is not ready, and nothing old is deleted"
            ),
            (true, Ok(_)) => tracing::info!("the clock agrees with PostgreSQL's again"),
            _ => {}
        }
    }

    /// The time, for what cannot be undone. `None` while the clocks differ: then it has to wait.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn agreed(&self) -> sqlx::Result<Option<DateTime<Utc>>> {
        Ok(self.read().await?.within(self.tolerance).ok())
    }

    /// As [`AgreedClock::agreed`], a time that every server whose clock is tolerated has passed: what expired
    /// before it has expired on all of them.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn passed_everywhere(&self) -> sqlx::Result<Option<DateTime<Utc>>> {
        // This server may be ahead of PostgreSQL, and another one behind.
        Ok(self.agreed().await?.map(|now| now - 2 * self.tolerance))
    }

    /// True if this skew is tolerated.
    #[must_use]
    pub fn tolerates(&self, skew: TimeDelta) -> bool {
        is_within(skew, self.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(skew: i64) -> ClockReading {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        ClockReading { now, skew: TimeDelta::seconds(skew) }
    }

    #[test]
    fn a_clock_may_be_wrong_by_the_tolerance_in_either_direction() {
        for skew in [-30, 0, 30] {
            assert!(reading(skew).within(DEFAULT_TOLERANCE).is_ok(), "{skew}");
        }
        for skew in [-31, 31, 400 * 86_400] {
            assert!(reading(skew).within(DEFAULT_TOLERANCE).is_err(), "{skew}");
        }
    }

    #[test]
    fn the_message_says_which_clock_is_ahead() {
        let message = |skew| reading(skew).within(DEFAULT_TOLERANCE).unwrap_err().to_string();
        assert!(message(7_200).contains("is 7200 s ahead of PostgreSQL's"), "{}", message(7_200));
        assert!(message(-60).contains("is 60 s behind PostgreSQL's"), "{}", message(-60));
    }
}
