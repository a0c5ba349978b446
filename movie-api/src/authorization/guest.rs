//! The guest's filter, kept for the time when auth-server is away.
//!
//! The queries carry Elasticsearch's own `now/s` for label windows, so a kept one stays right while
//! time passes; only a change of the rules can make it old.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Admitted, Filter};

/// Holds the last filter that auth-server gave for a guest.
pub struct GuestFilter {
    kept: ArcSwapOption<Kept>,
    max_age: TimeDelta,
}

struct Kept {
    filter: Filter,
    asked_at: DateTime<Utc>,
}

impl Kept {
    fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        (now - self.asked_at).max(TimeDelta::zero())
    }
}

impl GuestFilter {
    /// Nothing kept yet; what will be kept answers for `max_age`.
    pub fn new(max_age: TimeDelta) -> Self {
        Self { kept: ArcSwapOption::empty(), max_age }
    }

    /// Keeps what auth-server answered to a question asked at `asked_at`. Answers may overtake each
    /// other; the one that was asked for last stays.
    pub fn keep(&self, filter: Filter, asked_at: DateTime<Utc>) {
        let new = Arc::new(Kept { filter, asked_at });
        self.kept.rcu(|kept| match kept {
            Some(kept) if kept.asked_at > new.asked_at => Some(Arc::clone(kept)),
            _ => Some(Arc::clone(&new)),
        });
    }

    /// The kept query, if there is one that is neither too old nor past its own end.
    pub fn admitted(&self, now: DateTime<Utc>) -> Option<Admitted> {
        let kept = self.kept.load_full()?;
        let age = kept.age(now);
        if age > self.max_age || kept.filter.valid_until.is_some_and(|end| end <= now) {
            return None;
        }
        let seconds = u32::try_from(age.num_seconds()).ok()?;
        Some(Admitted { query: kept.filter.query(), stale: Some(seconds) })
    }

    /// Seconds since the kept filter was asked for.
    pub fn age(&self, now: DateTime<Utc>) -> Option<f64> {
        self.kept.load().as_ref().map(|kept| kept.age(now).as_seconds_f64())
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
    fn a_kept_filter_answers_until_its_maximum_age() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        assert!(guest.admitted(at(0)).is_none());
        guest.keep(filter("a", &Value::Null), at(0));
        assert_eq!(guest.admitted(at(60)).unwrap().stale, Some(60));
        assert!(guest.admitted(at(61)).is_none());
    }

    #[test]
    fn a_filter_with_an_end_is_not_used_past_it() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        guest.keep(filter("a", &json!(at(10))), at(0));
        assert!(guest.admitted(at(9)).is_some());
        assert!(guest.admitted(at(10)).is_none());
    }

    #[test]
    fn an_overtaken_answer_does_not_replace_a_later_one() {
        let guest = GuestFilter::new(TimeDelta::seconds(60));
        guest.keep(filter("later", &Value::Null), at(5));
        guest.keep(filter("earlier", &Value::Null), at(1));
        assert_eq!(guest.admitted(at(6)).unwrap().query, json!({ "term": { "id": "later" } }));
    }
}
