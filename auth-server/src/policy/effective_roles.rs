//! What a token's roles come to under one revision of the policy: worked out once and kept beside
//! the token, since it is asked for with every request.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use policies::{PolicyError, RoleName, RoleSet, Snapshot};
use uuid::Uuid;

use super::LivePolicy;

/// What a caller's roles come to.
#[derive(Debug)]
pub struct EffectiveRoles {
    revision: i64,
    /// The roles, for questions to the snapshot of this revision.
    pub roles: RoleSet,
    /// The caller may be told which rule decided.
    pub may_read_rules: bool,
}

impl EffectiveRoles {
    /// What somebody without a token may do.
    #[must_use]
    pub fn guest(policy: &Snapshot) -> Self {
        let (revision, roles) = (policy.revision(), policy.role_set([]));
        Self { revision, roles, may_read_rules: false }
    }

    fn of(policy: &Snapshot, roles: &[RoleName]) -> Result<Self, PolicyError> {
        let roles = policy.role_set(roles);
        let may_read_rules = policy.allows_route(&roles, "GET", "/api/v1/rules")?;
        Ok(Self { revision: policy.revision(), roles, may_read_rules })
    }
}

/// Roles as a token states them, and what they last came to.
#[derive(Debug)]
pub struct TokenRoles {
    rev: i64,
    stated: Box<[RoleName]>,
    last: ArcSwapOption<EffectiveRoles>,
}

impl TokenRoles {
    /// A user's roles at the revision `rev`.
    #[must_use]
    pub fn new(rev: i64, stated: Vec<RoleName>) -> Self {
        let stated = stated.into();
        Self { rev, stated, last: ArcSwapOption::empty() }
    }
}

impl LivePolicy {
    /// The roles that count now: those stated, unless they were changed since.
    pub fn roles(&self, user: Uuid, token: &TokenRoles) -> Vec<RoleName> {
        match self.recent.since(user, token.rev) {
            Some(changed) => changed.to_vec(),
            None => token.stated.to_vec(),
        }
    }

    /// What the roles that count now come to under `policy`.
    ///
    /// # Errors
    /// Casbin fails. Refuse then.
    pub fn effective_roles(
        &self,
        policy: &Snapshot,
        (user, token): (Uuid, &TokenRoles),
    ) -> Result<Arc<EffectiveRoles>, PolicyError> {
        if let Some(changed) = self.recent.since(user, token.rev) {
            return EffectiveRoles::of(policy, &changed).map(Arc::new);
        }
        if let Some(last) = &*token.last.load()
            && last.revision == policy.revision()
        {
            return Ok(Arc::clone(last));
        }
        let effective_roles = Arc::new(EffectiveRoles::of(policy, &token.stated)?);
        token.last.store(Some(Arc::clone(&effective_roles)));
        Ok(effective_roles)
    }
}
