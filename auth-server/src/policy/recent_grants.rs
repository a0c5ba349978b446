//! Whose roles changed within the life of an access token.
//!
//! A token carries its user's roles and the revision at which they were read. Roles that were
//! changed later are here, so that a grant decides for tokens made before it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use policies::RoleName;
use uuid::Uuid;

use super::journal::UserRoles;

struct Changed {
    revision: i64,
    at: DateTime<Utc>,
    roles: Arc<[RoleName]>,
}

#[derive(Default)]
pub(crate) struct RecentGrants {
    users: RwLock<HashMap<Uuid, Changed>>,
    /// Lets the usual case, nobody changed, pass without the lock.
    count: AtomicUsize,
}

impl RecentGrants {
    /// The user's roles, if they were changed after `revision`.
    pub(crate) fn since(&self, user: Uuid, revision: i64) -> Option<Arc<[RoleName]>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let changed = users.get(&user)?;
        (changed.revision > revision).then(|| Arc::clone(&changed.roles))
    }

    pub(crate) fn note(&self, change: &UserRoles, revision: i64, at: DateTime<Utc>) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        if users.get(&change.user).is_some_and(|known| known.revision >= revision) {
            return;
        }
        let roles = change.roles.clone().into();
        users.insert(change.user, Changed { revision, at, roles });
        self.count.store(users.len(), Ordering::Release);
    }

    /// Forgets changes from before `from`, which every living token knows.
    pub(crate) fn sweep(&self, from: DateTime<Utc>) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, changed| changed.at >= from);
        self.count.store(users.len(), Ordering::Release);
    }
}
