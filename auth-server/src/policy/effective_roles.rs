//! The roles that decide for a caller.
//!
//! An access token carries its user's roles and the policy revision at which they were read. Roles
//! granted or revoked later are kept here for the lifetime of a token, so that a change applies to
//! tokens issued before it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use chrono::TimeDelta;
use policies::{PolicyError, RoleName, RoleSet, Snapshot};
use uuid::Uuid;

use super::LivePolicy;
use super::journal::{JournalEntry, UserRoles};

/// A caller's roles, resolved against one revision of the policy.
#[derive(Debug)]
pub struct EffectiveRoles {
    revision: i64,
    /// The role set, for decisions of the snapshot of this revision.
    pub roles: RoleSet,
    /// Whether decisions may name the rule that decided.
    pub may_read_rules: bool,
}

impl EffectiveRoles {
    /// The roles of a caller without a token.
    #[must_use]
    pub fn guest(policy: &Snapshot) -> Self {
        let (revision, roles) = (policy.revision(), policy.role_set([]));
        Self { revision, roles, may_read_rules: false }
    }

    /// The roles of a subject that holds these.
    ///
    /// # Errors
    /// The policy cannot be evaluated; the request must be refused.
    pub(crate) fn resolve(policy: &Snapshot, roles: &[RoleName]) -> Result<Self, PolicyError> {
        let roles = policy.role_set(roles);
        let may_read_rules = policy.allows_route(&roles, "GET", "/api/v1/rules")?;
        Ok(Self { revision: policy.revision(), roles, may_read_rules })
    }
}

/// The roles that an access token carries, with their last resolution: every request asks for it.
#[derive(Debug)]
pub struct TokenRoles {
    revision: i64,
    roles: Box<[RoleName]>,
    resolved: ArcSwapOption<EffectiveRoles>,
}

impl TokenRoles {
    /// A user's roles as read at `revision`.
    #[must_use]
    pub fn new(revision: i64, roles: Vec<RoleName>) -> Self {
        Self { revision, roles: roles.into(), resolved: ArcSwapOption::empty() }
    }
}

impl LivePolicy {
    /// The user's current roles: those of the token, unless they have changed since it was issued.
    pub fn roles(&self, user: Uuid, token: &TokenRoles) -> Vec<RoleName> {
        match self.recent_grants.after(user, token.revision) {
            Some(changed) => changed.to_vec(),
            None => token.roles.to_vec(),
        }
    }

    /// The user's current roles, resolved against `policy`.
    ///
    /// # Errors
    /// The policy cannot be evaluated; the request must be refused.
    pub fn effective_roles(
        &self,
        policy: &Snapshot,
        user: Uuid,
        token: &TokenRoles,
    ) -> Result<Arc<EffectiveRoles>, PolicyError> {
        if let Some(changed) = self.recent_grants.after(user, token.revision) {
            return EffectiveRoles::resolve(policy, &changed).map(Arc::new);
        }
        if let Some(resolved) = &*token.resolved.load()
            && resolved.revision == policy.revision()
        {
            return Ok(Arc::clone(resolved));
        }
        let resolved = Arc::new(EffectiveRoles::resolve(policy, &token.roles)?);
        token.resolved.store(Some(Arc::clone(&resolved)));
        Ok(resolved)
    }
}

/// Users whose roles have changed within the lifetime of an access token.
#[derive(Default)]
pub(super) struct RecentGrants {
    users: RwLock<HashMap<Uuid, RecentGrant>>,
    /// Number of users; while it is 0, which is usual, look-ups take no lock.
    count: AtomicUsize,
}

struct RecentGrant {
    revision: i64,
    /// Not the time of the write: the clock of the server that made it, or of this one, may be wrong.
    known_since: Instant,
    roles: Arc<[RoleName]>,
}

impl RecentGrant {
    fn new(changed: &UserRoles, revision: i64) -> Self {
        Self { revision, known_since: Instant::now(), roles: changed.roles.clone().into() }
    }
}

impl RecentGrants {
    /// The user's roles, if they have changed after `revision`.
    fn after(&self, user: Uuid, revision: i64) -> Option<Arc<[RoleName]>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let grant = users.get(&user)?;
        (grant.revision > revision).then(|| Arc::clone(&grant.roles))
    }

    pub(super) fn record(&self, changed: &UserRoles, revision: i64) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        if users.get(&changed.user).is_some_and(|known| known.revision >= revision) {
            return;
        }
        users.insert(changed.user, RecentGrant::new(changed, revision));
        self.count.store(users.len(), Ordering::Release);
    }

    /// Keeps nothing but what these writes changed.
    pub(super) fn replace(&self, written: &[JournalEntry]) {
        let grants = written.iter().flat_map(|entry| {
            let revision = entry.revision;
            let changed = entry.delta.user_roles.iter();
            changed.map(move |changed| (changed.user, RecentGrant::new(changed, revision)))
        });
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        *users = grants.collect();
        self.count.store(users.len(), Ordering::Release);
    }

    /// Drops changes that have been known for longer than a token may be accepted: every one that is still
    /// valid contains them.
    pub(super) fn sweep(&self, max_token_age: TimeDelta) {
        let max_age = max_token_age.to_std().unwrap_or_default();
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, grant| grant.known_since.elapsed() <= max_age);
        self.count.store(users.len(), Ordering::Release);
    }
}
