//! Connections that are closed instead of being lent again, because of what another one has answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests must not decide how often this program connects.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Since when the connections of a pool are trusted: none that is older is used again. After a failover each
/// of them would cost a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Distrust(Arc<Mutex<Option<Instant>>>);

impl Distrust {
    /// No connection that is open now is to be used again; at most once a second.
    pub(super) fn all(&self) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none_or(|since| since.elapsed() >= MIN_INTERVAL) {
            *since = Some(Instant::now());
        }
    }

    /// Whether a connection that was opened this long ago must not be used again.
    pub(super) fn covers(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() <= age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_from_before_are_not_used_again() {
        let distrust = Distrust::default();
        assert!(!distrust.covers(Duration::from_hours(1)));
        distrust.all();
        assert!(distrust.covers(Duration::from_mins(1)));
        assert!(!distrust.covers(Duration::ZERO));
    }
}
