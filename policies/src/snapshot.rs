//! One immutable policy, with its decision table. A write builds the next one beside it.

mod asker;
mod role_set;
mod touched;

use std::cell::LazyCell;
use std::sync::Arc;

use crate::change::{Change, PolicyError};
use crate::engine;
use crate::names::{Label, RoleName};
use crate::policy::Policy;
use crate::rule::Rule;
use crate::table::{Extent, Table};

use self::touched::Touched;

pub(crate) use self::asker::Asker;
pub use self::role_set::RoleSet;

/// Changes of one write whose traces in the table are followed. After more of them, an import say,
/// the table begins empty, which costs less.
const MOST_FOLLOWED: usize = 256;

/// Memory that the rows of the table may take.
const MOST_BYTES: usize = 48 << 20;

/// A policy at one revision. Share it by `Arc`; reading takes no lock.
#[derive(Debug)]
pub struct Snapshot {
    revision: i64,
    pub(crate) policy: Policy,
    /// The first rule that matches.
    table: Table,
    /// The first rule that matches and names the resource itself.
    named: Table,
    pub(crate) windowed: Arc<[Label]>,
}

impl Snapshot {
    /// A policy without rules but with the built-in roles, at revision 0. `windowed`: the labels
    /// that have a window.
    ///
    /// # Errors
    /// The casbin model does not load.
    pub fn empty(windowed: impl IntoIterator<Item = Label>) -> Result<Self, PolicyError> {
        engine::enforcer()?;
        let mut policy = Policy::default();
        policy.roles.set(&RoleName::anonymous(), &[]);
        policy.roles.set(&RoleName::superuser(), &[]);
        policy.apply(&[])?;
        let mut windowed: Vec<Label> = windowed.into_iter().collect();
        windowed.sort();
        Ok(Self::cold(0, policy, windowed.into()))
    }

    /// The policy after these changes, at `revision`. Verdicts that no change touches stay warm.
    ///
    /// # Errors
    /// The changes break a rule of policies; this snapshot goes on deciding.
    pub fn next(&self, revision: i64, changes: &[Change]) -> Result<Self, PolicyError> {
        let mut policy = self.policy.clone();
        policy.apply(changes)?;
        let windowed = Arc::clone(&self.windowed);
        if is_sparse(&policy) {
            return Self::rebuilt(revision, &policy, windowed);
        }
        if changes.len() > MOST_FOLLOWED {
            return Ok(Self::cold(revision, policy, windowed));
        }
        let touched = LazyCell::new(|| Touched::new(self, &policy, changes));
        let next =
            |table: &Table| table.next(policy.extent(), |role, action| touched.row(role, action));
        let (table, named) = (next(&self.table), next(&self.named));
        Ok(Self { revision, policy, table, named, windowed })
    }

    /// With empty tables.
    fn cold(revision: i64, policy: Policy, windowed: Arc<[Label]>) -> Self {
        let empty = |most| Table::new(policy.extent(), most);
        let (table, named) = (empty(MOST_BYTES), empty(MOST_BYTES / 4));
        Self { revision, policy, table, named, windowed }
    }

    /// A policy without rules, with the same windowed labels.
    ///
    /// # Errors
    /// The casbin model does not load.
    pub fn cleared(&self) -> Result<Self, PolicyError> {
        Self::empty(self.windowed.iter().cloned())
    }

    /// The labels that have a window.
    #[must_use]
    pub fn windowed(&self) -> &[Label] {
        &self.windowed
    }

    fn rebuilt(revision: i64, old: &Policy, windowed: Arc<[Label]>) -> Result<Self, PolicyError> {
        let mut changes: Vec<Change> = Vec::with_capacity(old.rules.len());
        changes.extend(old.roles.iter().map(|role| Change::RoleSet {
            name: role.name.clone(),
            inherits: role.inherits.clone(),
        }));
        changes.extend(old.rules.values().map(|rule| Change::RuleSet(Rule::clone(rule))));
        let mut policy = Policy::default();
        policy.apply(&changes)?;
        Ok(Self::cold(revision, policy, windowed))
    }

    /// The revision at which this policy stands.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The rule of this id.
    #[must_use]
    pub fn rule(&self, id: u32) -> Option<&Arc<Rule>> {
        self.policy.rules.get(&id)
    }

    /// All rules, in no order.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.policy.rules.values()
    }
}

/// True when most numbers belong to names that are gone. Numbers are not used again, so it is time
/// to start over.
fn is_sparse(policy: &Policy) -> bool {
    let Extent { roles, actions, resources } = policy.extent();
    let sparse = |issued: u32, used: usize, slack: usize| issued as usize > 2 * used + slack;
    sparse(resources, policy.resources.len(), 65_536)
        || sparse(actions, policy.actions.len(), 1_024)
        || sparse(roles, policy.roles.iter().count(), 4_096)
}
