//! Whether this server knows every revocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a confirmation is valid: a revocation is in force on every server within this time.
const VALIDITY: Duration = Duration::from_secs(1);

/// How long Redis alone may confirm. Its answers say nothing about revocations that never reached it,
/// and those are found in the database.
const WITHOUT_DATABASE: Duration = Duration::from_secs(5);

/// When Redis or the database last confirmed that all revocations are known.
///
/// Measured with the monotonic clock: this is about the silence of a connection, not the time of day.
pub(crate) struct Freshness {
    /// False for a single server, which makes all revocations itself.
    required: bool,
    start: Instant,
    /// Last confirmation by Redis or the database, in microseconds after `start`.
    confirmed_at_us: AtomicU64,
    /// Last confirmation by the database, in microseconds after `start`.
    database_at_us: AtomicU64,
}

impl Freshness {
    pub(crate) fn new(required: bool) -> Self {
        Self {
            required,
            start: Instant::now(),
            confirmed_at_us: AtomicU64::new(0),
            database_at_us: AtomicU64::new(0),
        }
    }

    /// The database has answered a query sent at `asked`: all earlier revocations are known.
    pub(crate) fn confirmed_by_database(&self, asked: Instant) {
        let at = self.since_start(asked);
        self.database_at_us.fetch_max(at, Ordering::Relaxed);
        self.confirmed_at_us.fetch_max(at, Ordering::Relaxed);
    }

    /// Redis has answered a command sent at `asked` on a connection opened at `connected`. Redis does
    /// not know what was published before the connection, nor what it has lost, so this counts only
    /// once the database has confirmed after `connected`, and only for a few seconds.
    pub(crate) fn confirmed_by_redis(&self, asked: Instant, connected: Instant) {
        let database = self.database_at_us.load(Ordering::Relaxed);
        let (asked, connected) = (self.since_start(asked), self.since_start(connected));
        let without_database = asked.saturating_sub(database);
        if database > connected && u128::from(without_database) <= WITHOUT_DATABASE.as_micros() {
            self.confirmed_at_us.fetch_max(asked, Ordering::Relaxed);
        }
    }

    /// True while tokens may be accepted.
    pub(crate) fn is_current(&self) -> bool {
        !self.required || {
            let now = self.since_start(Instant::now());
            let confirmed = self.confirmed_at_us.load(Ordering::Relaxed);
            u128::from(now.saturating_sub(confirmed)) <= VALIDITY.as_micros()
        }
    }

    fn since_start(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that has run for 100 s, and instants in seconds after its start.
    fn running() -> (Freshness, impl Fn(f64) -> Instant) {
        let start = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        let freshness = Freshness { start, ..Freshness::new(true) };
        (freshness, move |seconds| start + Duration::from_secs_f64(seconds))
    }

    #[test]
    fn a_confirmation_is_valid_for_a_second() {
        let (freshness, at) = running();
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(98.5));
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(100.0));
        assert!(freshness.is_current());
    }

    #[test]
    fn redis_confirms_only_after_the_database_was_read_on_its_connection() {
        let (freshness, at) = running();
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
    fn redis_alone_confirms_for_five_seconds() {
        let (freshness, at) = running();
        freshness.confirmed_by_database(at(94.0));
        freshness.confirmed_by_redis(at(100.0), at(90.0));
        assert!(!freshness.is_current());
        freshness.confirmed_by_database(at(95.5));
        freshness.confirmed_by_redis(at(100.0), at(90.0));
        assert!(freshness.is_current());
    }

    #[test]
    fn a_single_server_needs_no_confirmation() {
        assert!(Freshness::new(false).is_current());
    }
}
