//! Filters cached by policy revision and role set. Nothing else changes a filter, since
//! Elasticsearch applies validity periods with its own clock.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use policies::{At, Filter, PolicyError, RoleSet, Snapshot};

use crate::http::problem::Problem;
use crate::policy::policy_problem;

/// Maximum number of cached filters; further ones are derived for each request.
const CAPACITY: usize = 1024;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    roles: RoleSet,
    action: String,
    kind: String,
}

#[derive(Default)]
struct Cached {
    revision: i64,
    filters: HashMap<Key, Arc<Filter>>,
}

/// Filters of the newest revision requested so far.
#[derive(Default)]
pub(crate) struct FilterCache {
    cached: RwLock<Cached>,
}

impl FilterCache {
    /// The filter for these roles. Deriving one takes up to some milliseconds.
    pub(crate) async fn get(
        &self,
        policy: Arc<Snapshot>,
        roles: RoleSet,
        action: String,
        kind: String,
    ) -> Result<Arc<Filter>, Problem> {
        let key = Key { roles, action, kind };
        if let Some(filter) = self.lookup(policy.revision(), &key) {
            return Ok(filter);
        }
        let revision = policy.revision();
        let derived = tokio::task::spawn_blocking(move || {
            let filter = policy.filter(&key.roles, &key.action, &key.kind, At::SearchTime)?;
            Ok::<_, PolicyError>((key, Arc::new(filter)))
        });
        let (key, filter) = derived.await?.map_err(policy_problem)?;
        self.insert(revision, key, Arc::clone(&filter));
        Ok(filter)
    }

    fn lookup(&self, revision: i64, key: &Key) -> Option<Arc<Filter>> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        (cached.revision == revision).then(|| cached.filters.get(key).cloned()).flatten()
    }

    fn insert(&self, revision: i64, key: Key, filter: Arc<Filter>) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        if revision > cached.revision {
            *cached = Cached { revision, filters: HashMap::new() };
        }
        if revision == cached.revision && cached.filters.len() < CAPACITY {
            cached.filters.insert(key, filter);
        }
    }
}
