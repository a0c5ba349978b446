//! FilterCache, kept per revision and role set: they hang on nothing else, since windows are held
//! against Elasticsearch's own clock.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use policies::{At, Filter, PolicyError, RoleSet, Snapshot};

use crate::http::problem::Problem;

/// FilterCache kept at most; past it they are worked out again.
const MOST: usize = 1024;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    roles: RoleSet,
    action: String,
    kind: String,
}

#[derive(Default)]
struct Kept {
    revision: i64,
    filters: HashMap<Key, Arc<Filter>>,
}

/// FilterCache of the newest revision that was asked for.
#[derive(Default)]
pub(crate) struct FilterCache {
    kept: RwLock<Kept>,
}

impl FilterCache {
    /// The filter for these roles. Working it out for the first time may take milliseconds.
    pub(crate) async fn get(
        &self,
        policy: Arc<Snapshot>,
        roles: RoleSet,
        action: String,
        kind: String,
    ) -> Result<Arc<Filter>, Problem> {
        let key = Key { roles, action, kind };
        if let Some(filter) = self.known(policy.revision(), &key) {
            return Ok(filter);
        }
        let revision = policy.revision();
        let made = tokio::task::spawn_blocking(move || {
            let filter = policy.filter(&key.roles, &key.action, &key.kind, At::SearchTime)?;
            Ok::<_, PolicyError>((key, Arc::new(filter)))
        });
        let (key, filter) = made.await??;
        self.keep(revision, key, Arc::clone(&filter));
        Ok(filter)
    }

    fn known(&self, revision: i64, key: &Key) -> Option<Arc<Filter>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        (kept.revision == revision).then(|| kept.filters.get(key).cloned()).flatten()
    }

    fn keep(&self, revision: i64, key: Key, filter: Arc<Filter>) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if revision > kept.revision {
            *kept = Kept { revision, filters: HashMap::new() };
        }
        if revision == kept.revision && kept.filters.len() < MOST {
            kept.filters.insert(key, filter);
        }
    }
}
