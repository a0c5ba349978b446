//! The filter that each user had last: what their next search may begin with, before auth-server has
//! said whether it is still theirs.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::value::RawValue;

use crate::caller::Caller;

/// Maximum memory of the filters, in bytes.
const MAX_BYTES: u64 = 8 << 20;
/// Expected number of users with a filter of a few hundred bytes.
const EXPECTED: usize = 8_192;

/// The last filters of the users who came last. A filter of another user would do no harm: it is used only
/// if auth-server gives the same one again.
pub(super) struct LastFilters {
    filters: Cache<u64, LastFilter, Bytes>,
    hasher: RandomState,
}

#[derive(Clone)]
struct LastFilter {
    query: Arc<RawValue>,
    bytes: u64,
}

/// Weighs entries by the memory that they use.
#[derive(Clone)]
struct Bytes;

impl Weighter<u64, LastFilter> for Bytes {
    fn weight(&self, _: &u64, filter: &LastFilter) -> u64 {
        filter.bytes
    }
}

impl Default for LastFilters {
    fn default() -> Self {
        let filters = Cache::with_weighter(EXPECTED, MAX_BYTES, Bytes);
        Self { filters, hasher: RandomState::new() }
    }
}

impl LastFilters {
    /// The user's last filter, if it is known.
    pub(super) fn get(&self, user: &Caller) -> Option<Arc<RawValue>> {
        self.filters.get(&self.key(user)).map(|filter| filter.query)
    }

    /// Keeps the filter that auth-server gave this user.
    pub(super) fn keep(&self, user: &Caller, query: &Arc<RawValue>) {
        let key = self.key(user);
        if self.filters.get(&key).is_some_and(|last| last.query.get() == query.get()) {
            return;
        }
        let bytes = query.get().len() as u64;
        self.filters.insert(key, LastFilter { query: Arc::clone(query), bytes });
    }

    /// Tokens themselves are not kept.
    fn key(&self, user: &Caller) -> u64 {
        self.hasher.hash_one(&user.authorization)
    }
}
