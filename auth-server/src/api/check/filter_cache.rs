//! Filters of one snapshot. Nothing else changes a filter, since Elasticsearch applies validity periods
//! with its own clock.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use policies::{FilterClass, Snapshot};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::filter::FilterResponse;
use crate::http::WrittenReply;
use crate::http::problem::Problem;

/// Maximum memory of cached filters, in bytes. A filter over 65,536 ids of 36 characters has 2.6 MB.
const MAX_BYTES: u64 = 32 << 20;
/// Expected number of filters: so few that the cache has a single shard, of which one filter may use
/// all.
const EXPECTED: usize = 32;

type Filter = WrittenReply<FilterResponse>;
type Filters = Cache<FilterClass, Filter, Bytes>;

/// The filters of the snapshot that the last request used.
pub(super) struct FilterCache(ArcSwap<OfSnapshot>);

struct OfSnapshot {
    policy: Weak<Snapshot>,
    filters: Filters,
}

/// Weighs entries by the memory that they use.
#[derive(Clone)]
struct Bytes;

impl Weighter<FilterClass, Filter> for Bytes {
    fn weight(&self, class: &FilterClass, filter: &Filter) -> u64 {
        (class.bytes() + filter.bytes()) as u64
    }
}

impl Default for FilterCache {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(OfSnapshot::new(Weak::new())))
    }
}

impl FilterCache {
    /// The filter of this class, derived by `derive` if it is not cached. Concurrent requests for a
    /// class derive it once.
    pub(super) async fn get(
        &self,
        policy: &Arc<Snapshot>,
        class: &FilterClass,
        derive: impl Future<Output = Result<Filter, Problem>>,
    ) -> Result<Filter, Problem> {
        self.of(policy).filters.get_or_insert_async(class, derive).await
    }

    /// The cache for this snapshot, an empty one if the current cache belongs to another.
    fn of(&self, policy: &Arc<Snapshot>) -> Arc<OfSnapshot> {
        let current = self.0.load_full();
        // The weak reference keeps the address from being used again.
        if current.policy.as_ptr() == Arc::as_ptr(policy) {
            return current;
        }
        let new = Arc::new(OfSnapshot::new(Arc::downgrade(policy)));
        self.0.store(Arc::clone(&new));
        new
    }
}

impl OfSnapshot {
    fn new(policy: Weak<Snapshot>) -> Self {
        Self { policy, filters: Cache::with_weighter(EXPECTED, MAX_BYTES, Bytes) }
    }
}

#[cfg(test)]
mod tests {
    use policies::{ActionPattern, Change, Effect, FilterKind, ResourcePattern, RoleName, Rule};
    use serde_json::json;

    use super::super::filter::write;
    use super::*;

    fn rule(id: u32) -> Change {
        let action = ActionPattern::parse(&format!("read{id}")).unwrap();
        let resource = ResourcePattern::parse("film:*").unwrap();
        let role = RoleName::anonymous();
        Change::RuleSet(Rule::new(id, id, role, resource, action, Effect::Allow))
    }

    fn mebibyte() -> Filter {
        let query = json!("x".repeat(1 << 20));
        write(policies::Filter { kind: FilterKind::Some, query }, 1).unwrap()
    }

    #[tokio::test]
    async fn filters_are_evicted_once_they_use_too_much_memory() {
        let rules: Vec<Change> = (1..=100).map(rule).collect();
        let policy = Arc::new(Snapshot::empty([]).unwrap().next(1, &rules).unwrap());
        let cache = FilterCache::default();
        for id in 1..=100 {
            let action = format!("read{id}");
            let key = policy.filter_class(&policy.role_set([]), &action, "film").unwrap();
            cache.get(&policy, &key, async { Ok(mebibyte()) }).await.unwrap();
        }
        let used = cache.of(&policy).filters.weight();
        assert!(used <= MAX_BYTES && used > MAX_BYTES / 2, "{used}");
    }
}
