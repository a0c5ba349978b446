//! An immutable policy with its decision table. A write builds the next snapshot from this one.

mod evaluator;
mod invalidation;
mod named;
mod role_set;

use std::cell::LazyCell;
use std::sync::Arc;

use crate::engine;
use crate::error::PolicyError;
use crate::facts::is_uncertain;
use crate::names::{Label, RoleName};
use crate::policy::{Change, Policy};
use crate::rule::Rule;
use crate::table::{Extent, Table};

use self::invalidation::Invalidation;

pub(crate) use self::evaluator::Evaluator;
pub use self::role_set::RoleSet;

/// Maximum number of changes for which a write invalidates single verdicts. After a larger write, such
/// as an import, the table starts empty, which is cheaper.
const MAX_TRACKED_CHANGES: usize = 256;

/// Maximum memory of the table's rows, in bytes; the table of rules by name may use a quarter of it in
/// addition.
const MAX_TABLE_BYTES: usize = 48 << 20;

/// A policy at one revision. Share it in an `Arc`; reading takes no lock.
#[derive(Debug)]
pub struct Snapshot {
    revision: i64,
    pub(crate) policy: Policy,
    /// Verdicts over all rules.
    table: Table,
    /// Verdicts over the rules that name the resource itself, without a wildcard.
    by_name: Table,
    /// The labels with a validity period, sorted.
    pub(crate) time_bound: Arc<[Label]>,
}

impl Snapshot {
    /// A policy at revision 0 with the built-in roles and no rules. `time_bound` are the labels with a
    /// validity period.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if the casbin model cannot be loaded.
    pub fn empty(time_bound: impl IntoIterator<Item = Label>) -> Result<Self, PolicyError> {
        engine::enforcer()?;
        let mut policy = Policy::default();
        policy.roles.set(&RoleName::anonymous(), &[]);
        policy.roles.set(&RoleName::superuser(), &[]);
        policy.apply(&[])?;
        let mut time_bound: Vec<Label> = time_bound.into_iter().collect();
        time_bound.sort();
        Ok(Self::with_empty_tables(0, policy, time_bound.into()))
    }

    /// The policy after these changes, at `revision`. Verdicts that the changes do not affect stay
    /// cached.
    ///
    /// # Errors
    /// [`PolicyError`] if the changed policy would be invalid. This snapshot is unaffected.
    pub fn next(&self, revision: i64, changes: &[Change]) -> Result<Self, PolicyError> {
        let mut policy = self.policy.clone();
        policy.apply(changes)?;
        let time_bound = Arc::clone(&self.time_bound);
        if is_sparse(&policy) {
            return Self::renumbered(revision, &policy, time_bound);
        }
        if changes.len() > MAX_TRACKED_CHANGES {
            return Ok(Self::with_empty_tables(revision, policy, time_bound));
        }
        let invalidation = LazyCell::new(|| Invalidation::new(self, &policy, changes));
        let next = |table: &Table| {
            table.next(policy.extent(), |role, action| invalidation.row_update(role, action))
        };
        let (table, by_name) = (next(&self.table), next(&self.by_name));
        Ok(Self { revision, policy, table, by_name, time_bound })
    }

    fn with_empty_tables(revision: i64, policy: Policy, time_bound: Arc<[Label]>) -> Self {
        let empty = |max_bytes| Table::new(policy.extent(), max_bytes);
        let (table, by_name) = (empty(MAX_TABLE_BYTES), empty(MAX_TABLE_BYTES / 4));
        Self { revision, policy, table, by_name, time_bound }
    }

    /// An empty policy, as by [`Self::empty`], with the same time-bound labels.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if the casbin model cannot be loaded.
    pub fn cleared(&self) -> Result<Self, PolicyError> {
        Self::empty(self.time_bound.iter().cloned())
    }

    /// The labels with a validity period, sorted.
    #[must_use]
    pub fn time_bound_labels(&self) -> &[Label] {
        &self.time_bound
    }

    /// Whether rules give a label of uncertain text another verdict than labels that no rule names.
    pub(crate) fn tells_uncertain_labels(&self) -> bool {
        self.policy.tells_uncertain_labels()
            || self.time_bound.iter().any(|label| is_uncertain(label.as_str()))
    }

    /// The same policy with new, contiguous ids.
    fn renumbered(
        revision: i64,
        old: &Policy,
        time_bound: Arc<[Label]>,
    ) -> Result<Self, PolicyError> {
        let mut changes: Vec<Change> = Vec::with_capacity(old.rules.len());
        changes.extend(old.roles.iter().map(|role| Change::RoleSet {
            name: role.name.clone(),
            inherits: role.inherits.clone(),
        }));
        changes.extend(old.rules.values().map(|rule| Change::RuleSet(Rule::clone(rule))));
        let mut policy = Policy::default();
        policy.apply(&changes)?;
        Ok(Self::with_empty_tables(revision, policy, time_bound))
    }

    /// The revision of this policy.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The rule with this id.
    #[must_use]
    pub fn rule(&self, id: u32) -> Option<&Arc<Rule>> {
        self.policy.rules.get(&id)
    }

    /// All rules, in no particular order.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.policy.rules.values()
    }
}

/// Whether most ids belong to names that no longer exist. Ids are not reused, so they must be assigned
/// anew from time to time.
fn is_sparse(policy: &Policy) -> bool {
    let Extent { roles, actions, resources } = policy.extent();
    let sparse = |allocated: u32, used: usize, slack: usize| allocated as usize > 2 * used + slack;
    sparse(resources, policy.resources.len(), 65_536)
        || sparse(actions, policy.actions.len(), 1_024)
        || sparse(roles, policy.roles.iter().count(), 4_096)
}
