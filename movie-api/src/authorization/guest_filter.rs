//! The guest filter, cached for the time when auth-server is unavailable.
//!
//! The query uses Elasticsearch's own `now/s` for validity periods, so a cached one stays correct while
//! time passes; only a change of the rules makes it stale.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Admitted, Filter};

/// The last filter that auth-server sent for a guest.
pub(super) struct GuestFilter {
    cached: ArcSwapOption<Cached>,
    max_age: TimeDelta,
}

struct Cached {
    filter: Filter,
    requested_at: DateTime<Utc>,
}

impl Cached {
    fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        (now - self.requested_at).max(TimeDelta::zero())
    }
}

impl GuestFilter {
    /// An empty cache whose filter is used for at most `max_age`.
    pub(super) fn new(max_age: TimeDelta) -> Self {
        Self { cached: ArcSwapOption::empty(), max_age }
    }

    /// Caches the filter that was requested at `requested_at`. Responses may overtake each other; the
    /// one that was requested last stays.
    pub(super) fn cache(&self, filter: Filter, requested_at: DateTime<Utc>) {
        let new = Arc::new(Cached { filter, requested_at });
        self.cached.rcu(|cached| match cached {
            Some(cached) if cached.requested_at > new.requested_at => Some(Arc::clone(cached)),
            _ => Some(Arc::clone(&new)),
        });
    }

    /// The cached query, unless it is too old or past its own end.
    pub(super) fn admitted(&self, now: DateTime<Utc>) -> Option<Admitted> {
        let cached = self.cached.load_full()?;
        let age = cached.age(now);
        if age > self.max_age || cached.filter.valid_until.is_some_and(|end| end <= now) {
            return None;
        }
        let seconds = u32::try_from(age.num_seconds()).ok()?;
        Some(Admitted { query: cached.filter.query(), stale: Some(seconds) })
    }

    /// Seconds since the cached filter was requested.
    pub(super) fn age(&self, now: DateTime<Utc>) -> Option<f64> {
        self.cached.load().as_ref().map(|cached| cached.age(now).as_seconds_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn filter(id: &str, valid_until: &Value) -> Filter {
        let query = json!({ "term": { "id": id } });
        serde_json::from_value(
            json!({ "kind": "some", "query": query, "valid_until": valid_until }),
        )
        .unwrap()
    }

    #[test]
    fn a_cached_filter_is_used_until_its_maximum_age() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        assert!(guest.admitted(at(0)).is_none());
        guest.cache(filter("a", &Value::Null), at(0));
        assert_eq!(guest.admitted(at(60)).unwrap().stale, Some(60));
        assert!(guest.admitted(at(61)).is_none());
    }

    #[test]
    fn a_filter_with_an_end_is_not_used_past_it() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        guest.cache(filter("a", &json!(at(10))), at(0));
        assert!(guest.admitted(at(9)).is_some());
        assert!(guest.admitted(at(10)).is_none());
    }

    #[test]
    fn an_overtaken_response_does_not_replace_a_later_one() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        guest.cache(filter("later", &Value::Null), at(5));
        guest.cache(filter("earlier", &Value::Null), at(1));
        assert_eq!(guest.admitted(at(6)).unwrap().query, json!({ "term": { "id": "later" } }));
    }
}
