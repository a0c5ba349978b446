//! How sure we are to know every revocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long what we know holds: another server's revocation is to count here within a second.
const HOLDS: Duration = Duration::from_secs(1);

/// When we were last told, by Redis or the database, what was revoked.
///
/// Measured by the steady clock: this is about the silence of a wire, not about the time of day.
pub(crate) struct Freshness {
    /// False for a server on its own, which revokes all there is to revoke.
    needed: bool,
    began: Instant,
    /// The last time by either of them.
    told_at_us: AtomicU64,
    /// The last time by the database.
    database_at_us: AtomicU64,
}

impl Freshness {
    pub(crate) fn new(needed: bool) -> Self {
        Self {
            needed,
            began: Instant::now(),
            told_at_us: AtomicU64::new(0),
            database_at_us: AtomicU64::new(0),
        }
    }

    /// The database has answered what was asked at `asked`: all from before is known.
    pub(crate) fn confirmed_by_database(&self, asked: Instant) {
        let at = self.since_begin(asked);
        self.database_at_us.fetch_max(at, Ordering::Relaxed);
        self.told_at_us.fetch_max(at, Ordering::Relaxed);
    }

    /// Redis has answered what was asked at `asked` over a connection made at `connected`. That
    /// tells nothing of what happened before the connection, nor of what Redis lost meanwhile, so
    /// it counts only once the database has been asked since.
    pub(crate) fn confirmed_by_redis(&self, asked: Instant, connected: Instant) {
        if self.database_at_us.load(Ordering::Relaxed) > self.since_begin(connected) {
            self.told_at_us.fetch_max(self.since_begin(asked), Ordering::Relaxed);
        }
    }

    /// True while a token may be taken.
    pub(crate) fn is_current(&self) -> bool {
        !self.needed || {
            let now = self.since_begin(Instant::now());
            let told = self.told_at_us.load(Ordering::Relaxed);
            u128::from(now.saturating_sub(told)) <= HOLDS.as_micros()
        }
    }

    fn since_begin(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that has run for 100 s, and the instant this many seconds after its start.
    fn begun() -> (Freshness, impl Fn(f64) -> Instant) {
        let began = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        let freshness = Freshness { began, ..Freshness::new(true) };
        (freshness, move |seconds| began + Duration::from_secs_f64(seconds))
    }

    #[test]
    fn what_we_know_holds_for_a_second() {
        let (freshness, at) = begun();
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(98.5));
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(100.0));
        assert!(freshness.is_current());
    }

    #[test]
    fn redis_counts_once_the_database_was_asked_after_its_connection() {
        let (freshness, at) = begun();
        let connected = at(95.0);
        freshness.confirmed_by_database(at(94.0));
        freshness.confirmed_by_redis(at(100.0), connected);
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(96.0));
        assert!(!freshness.is_current());
        freshness.confirmed_by_redis(at(100.0), connected);
        assert!(freshness.is_current());
    }

    #[test]
    fn a_server_on_its_own_knows_all_there_is() {
        assert!(Freshness::new(false).is_current());
    }
}
