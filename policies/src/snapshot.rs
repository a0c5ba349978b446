//! One immutable policy, with its decision table. A write builds the next one beside it.

use std::cell::LazyCell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::change::{Change, PolicyError};
use crate::classes::ClassId;
use crate::engine::{self, Question};
use crate::names::{ANONYMOUS, Label, RoleName};
use crate::policy::Policy;
use crate::roles::RoleId;
use crate::rule::{Rule, Verdict};
use crate::table::{Row, Table, Touch};

/// Changes of one write whose traces in the table are followed. After more of them, an import say,
/// the table begins empty, which costs less.
const MOST_FOLLOWED: usize = 256;

/// A policy at one revision. Share it by `Arc`; reading takes no lock.
#[derive(Debug)]
pub struct Snapshot {
    revision: i64,
    pub(crate) policy: Policy,
    table: Table,
    pub(crate) windowed: Arc<[Label]>,
}

/// A caller's roles as this snapshot knows them, `anonymous` always among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSet(pub(crate) SmallVec<[RoleId; 8]>);

/// A caller's roles for one action, ready to be asked about resources.
pub(crate) struct Asker<'a> {
    snapshot: &'a Snapshot,
    action: &'a str,
    /// Action class: none where no rule speaks of the action.
    rows: SmallVec<[(RoleId, Option<&'a Row>); 8]>,
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
        let table = Table::new(policy.extent());
        Ok(Self { revision: 0, policy, table, windowed: windowed.into() })
    }

    /// The policy after these changes, at `revision`. Verdicts that no change touches stay warm.
    ///
    /// # Errors
    /// The changes break a rule of policies; this snapshot goes on deciding.
    pub fn next(&self, revision: i64, changes: &[Change]) -> Result<Self, PolicyError> {
        let mut policy = self.policy.clone();
        policy.apply(changes)?;
        let windowed = Arc::clone(&self.windowed);
        let issued = policy.resources.issued();
        // Numbers of patterns that are gone are not used again; start over before they pile up.
        if issued as usize > 2 * policy.resources.len() + 65_536 {
            return Self::rebuilt(revision, &policy, windowed);
        }
        let table = if changes.len() > MOST_FOLLOWED {
            Table::new(policy.extent())
        } else {
            let touched = LazyCell::new(|| Touched::new(self, &policy, changes));
            self.table.next(policy.extent(), |role, action| touched.row(role, action))
        };
        Ok(Self { revision, policy, table, windowed })
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

    fn rebuilt(rev: i64, old: &Policy, windowed: Arc<[Label]>) -> Result<Self, PolicyError> {
        let mut changes: Vec<Change> = Vec::with_capacity(old.rules.len());
        changes.extend(old.roles.iter().map(|role| Change::RoleSet {
            name: role.name.clone(),
            inherits: role.inherits.clone(),
        }));
        changes.extend(old.rules.values().map(|rule| Change::RuleSet(Rule::clone(rule))));
        let mut policy = Policy::default();
        policy.apply(&changes)?;
        let table = Table::new(policy.extent());
        Ok(Self { revision: rev, policy, table, windowed })
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

    /// The caller's roles, for questions to this snapshot only. Unknown names count for nothing.
    #[must_use]
    pub fn role_set<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> RoleSet {
        let ids = roles.into_iter().filter_map(|name| self.policy.roles.get(name.as_str()));
        let anonymous = self.policy.roles.get(ANONYMOUS);
        let mut set: SmallVec<[RoleId; 8]> =
            anonymous.into_iter().chain(ids).map(|r| r.id).collect();
        set.sort_unstable();
        set.dedup();
        RoleSet(set)
    }

    /// Every role but the built-in ones, by name, with what it inherits directly.
    #[must_use]
    pub fn declared_roles(&self) -> Vec<(RoleName, Vec<RoleName>)> {
        let declared = self.policy.roles.iter().filter(|role| !role.name.is_builtin());
        let mut roles: Vec<_> =
            declared.map(|role| (role.name.clone(), role.inherits.clone())).collect();
        roles.sort();
        roles
    }

    /// True when the role is there.
    #[must_use]
    pub fn has_role(&self, name: &RoleName) -> bool {
        self.policy.roles.get(name.as_str()).is_some()
    }

    /// The role and everything that it inherits, sorted.
    #[must_use]
    pub fn inherited(&self, name: &RoleName) -> Vec<RoleName> {
        let Some(role) = self.policy.roles.get(name.as_str()) else { return Vec::new() };
        let known = role.closure.iter().filter_map(|&id| self.policy.roles.by_id(id));
        let mut names: Vec<RoleName> = known.map(|role| role.name.clone()).collect();
        names.sort();
        names
    }

    /// True when giving the role to somebody needs a superuser: it reaches a rule on the server's
    /// own routes or on everything, or it is `superuser`.
    #[must_use]
    pub fn is_privileged(&self, name: &RoleName) -> bool {
        let reached = self.inherited(name);
        *name == RoleName::superuser()
            || self.rules().any(|rule| rule.is_privileged() && reached.contains(&rule.role))
    }

    /// How a caller with `held` roles comes to have `target`: the role held, …, the target.
    #[must_use]
    pub fn path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        self.policy.roles.path(held, target)
    }

    pub(crate) fn asker<'a>(&'a self, roles: &RoleSet, action: &'a str) -> Asker<'a> {
        let class = self.policy.actions.find(action);
        let rows = class.map_or_else(SmallVec::new, |class| {
            roles.0.iter().map(|&role| (role, self.table.row(role, class))).collect()
        });
        Asker { snapshot: self, action, rows }
    }
}

impl Asker<'_> {
    /// The first rule that matches for any of the caller's roles.
    pub(crate) fn verdict(&self, resource: &str) -> Result<Verdict, PolicyError> {
        match self.snapshot.policy.resources.find(resource) {
            Some(class) => self.class_verdict(class, resource),
            None => Ok(Verdict::NONE),
        }
    }

    /// The same for a class that is known, with any name of it.
    pub(crate) fn class_verdict(&self, class: ClassId, name: &str) -> Result<Verdict, PolicyError> {
        let mut first = Verdict::NONE;
        for (role, row) in &self.rows {
            let known = row.and_then(|row| row.get(class));
            let verdict = match known {
                Some(verdict) => verdict,
                None => self.ask(*role, *row, class, name)?,
            };
            first = first.min(verdict);
        }
        Ok(first)
    }

    #[cold]
    fn ask(
        &self,
        role: RoleId,
        row: Option<&Row>,
        class: ClassId,
        resource: &str,
    ) -> Result<Verdict, PolicyError> {
        let rules = self.snapshot.policy.applicable(role, resource, self.action);
        let verdict = self.decide(role, &rules, resource)?;
        if let Some(row) = row {
            row.put(class, verdict);
        }
        Ok(verdict)
    }

    /// The first rule that names the resource itself, without a wildcard; `own` is the first of all.
    pub(crate) fn by_name(&self, resource: &str, own: Verdict) -> Result<Verdict, PolicyError> {
        let literal = |rule: &Rule| !rule.resource.pattern().is_prefix();
        if self.snapshot.policy.resources.literal(resource).is_none() {
            return Ok(Verdict::NONE);
        }
        if own.rule().and_then(|id| self.snapshot.rule(id)).is_some_and(|rule| literal(rule)) {
            return Ok(own);
        }
        let mut first = Verdict::NONE;
        for (role, _) in &self.rows {
            let mut rules = self.snapshot.policy.applicable(*role, resource, self.action);
            rules.retain(|rule| literal(rule));
            first = first.min(self.decide(*role, &rules, resource)?);
        }
        Ok(first)
    }

    /// No rule that can apply: deny, without asking casbin, which would match empty strings.
    fn decide(
        &self,
        role: RoleId,
        rules: &[&Arc<Rule>],
        resource: &str,
    ) -> Result<Verdict, PolicyError> {
        let policy = &self.snapshot.policy;
        let (Some(role_entry), false) = (policy.roles.by_id(role), rules.is_empty()) else {
            return Ok(Verdict::NONE);
        };
        let links = policy.links(role);
        let question = Question {
            role: &role_entry.name,
            links: &links,
            rules,
            resource,
            action: self.action,
        };
        let first = engine::ask(&question)?.and_then(|index| rules.get(index));
        Ok(first.map_or(Verdict::NONE, |rule| Verdict::of(rule)))
    }
}

/// What a write touches: the rules that came, went or changed, and the roles whose inheritance did.
struct Touched<'a> {
    policy: &'a Policy,
    /// Roles that reach the rule, the rule, and the classes that it covers.
    rules: Vec<(Vec<RoleId>, Arc<Rule>, Vec<ClassId>)>,
    roles: Vec<RoleId>,
}

impl<'a> Touched<'a> {
    fn new(old: &Snapshot, policy: &'a Policy, changes: &[Change]) -> Self {
        let mut touched = Self { policy, rules: Vec::new(), roles: Vec::new() };
        for change in changes {
            match change {
                Change::RuleSet(rule) => {
                    touched.rule(&Arc::new(rule.clone()));
                    touched.rules_before(old, rule.id);
                }
                Change::RuleRemoved { id } => touched.rules_before(old, *id),
                Change::RoleSet { name, .. } | Change::RoleRemoved { name } => {
                    touched.roles.extend(heirs(policy, name));
                }
            }
        }
        touched
    }

    fn rules_before(&mut self, old: &Snapshot, id: u32) {
        if let Some(before) = old.policy.rules.get(&id) {
            self.rule(before);
        }
    }

    fn rule(&mut self, rule: &Arc<Rule>) {
        let classes = self.policy.resources.under(rule.resource.pattern());
        self.rules.push((heirs(self.policy, &rule.role), Arc::clone(rule), classes));
    }

    fn row(&self, role: RoleId, action: ClassId) -> Touch {
        let Some(action) = self.policy.actions.iter().find(|named| named.id == action) else {
            return Touch::Drop;
        };
        if self.roles.contains(&role) || self.policy.roles.by_id(role).is_none() {
            return Touch::Drop;
        }
        let mut stale = Vec::new();
        for (heirs, rule, classes) in &self.rules {
            if heirs.contains(&role) && rule.action.pattern().covers(action.text) {
                stale.extend_from_slice(classes);
            }
        }
        if stale.is_empty() { Touch::Keep } else { Touch::Forget(stale) }
    }
}

/// Roles that have `name` among what they inherit, itself included.
fn heirs(policy: &Policy, name: &RoleName) -> Vec<RoleId> {
    let Some(id) = policy.roles.get(name.as_str()).map(|role| role.id) else { return Vec::new() };
    policy.roles.iter().filter(|role| role.closure.contains(&id)).map(|role| role.id).collect()
}
