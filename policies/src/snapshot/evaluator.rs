//! Evaluates resources for one caller and action: from the table, or with casbin the first time.

use smallvec::SmallVec;

use super::{RoleSet, Snapshot};
use crate::action::Action;
use crate::classes::ClassId;
use crate::engine::{self, DecisionContext};
use crate::error::PolicyError;
use crate::names::LABEL;
use crate::roles::{RoleBits, RoleId};
use crate::rule::{Rule, Verdict};
use crate::table::Row;

/// A caller's roles and an action, ready to evaluate resources.
pub(crate) struct Evaluator<'a> {
    snapshot: &'a Snapshot,
    roles: RoleBits,
    /// One for each role and each class of the action's names; empty if no rule applies to the action.
    entries: SmallVec<[Entry<'a>; 8]>,
}

/// One of the caller's roles with one name of the action. As for several roles, the first match for
/// several names is the minimum of their verdicts.
#[derive(Clone, Copy)]
struct Entry<'a> {
    role: RoleId,
    class: ClassId,
    action: &'a str,
    /// The row of role and class, if it fits into memory.
    row: Option<&'a Row>,
}

/// The rules that are evaluated.
#[derive(Clone, Copy)]
enum Scope {
    All,
    /// Rules that name the resource itself, without a wildcard.
    ByName,
}

impl Snapshot {
    pub(crate) fn evaluator<'a>(&'a self, roles: &RoleSet, action: &'a Action) -> Evaluator<'a> {
        let classes = self.policy.action_classes(action);
        let entries = classes.iter().flat_map(|&(class, action)| {
            let entry =
                move |&role| Entry { role, class, action, row: self.table.row(role, class) };
            roles.ids.iter().map(entry)
        });
        Evaluator { snapshot: self, roles: roles.bits, entries: entries.collect() }
    }
}

impl Evaluator<'_> {
    /// The first rule that matches for any of the caller's roles.
    pub(crate) fn verdict(&self, resource: &str) -> Result<Verdict, PolicyError> {
        self.verdict_in(self.class_of(resource), resource)
    }

    /// As [`Self::verdict`], for a resource whose class was looked up.
    pub(crate) fn verdict_in(
        &self,
        class: Option<ClassId>,
        resource: &str,
    ) -> Result<Verdict, PolicyError> {
        class.map_or(Ok(Verdict::NONE), |class| self.class_verdict(class, resource))
    }

    /// The class that decides about a resource; `None` if no rule can apply to it.
    pub(crate) fn class_of(&self, resource: &str) -> Option<ClassId> {
        self.snapshot.policy.resources.class_for(self.roles, resource)
    }

    /// The same for a label. Its full name is composed only if there is a verdict to compute.
    pub(crate) fn label_verdict_in(
        &self,
        class: Option<ClassId>,
        label: &str,
    ) -> Result<Verdict, PolicyError> {
        let Some(class) = class else { return Ok(Verdict::NONE) };
        let mut first = Verdict::NONE;
        for entry in &self.entries {
            let Some(cached) = entry.row.and_then(|row| row.get(class)) else {
                return self.class_verdict(class, &format!("{LABEL}{label}"));
            };
            first = first.min(cached);
        }
        Ok(first)
    }

    /// As [`Self::verdict`], for a known class and any name that belongs to it.
    pub(crate) fn class_verdict(&self, class: ClassId, name: &str) -> Result<Verdict, PolicyError> {
        let mut first = Verdict::NONE;
        for &entry in &self.entries {
            first = first.min(self.entry_verdict(entry, class, name, Scope::All)?);
        }
        Ok(first)
    }

    /// The first matching rule that names the resource itself, without a wildcard. `own` is the first
    /// of all rules that match the resource.
    pub(crate) fn verdict_by_name(
        &self,
        resource: &str,
        own: Verdict,
    ) -> Result<Verdict, PolicyError> {
        let policy = &self.snapshot.policy;
        let Some(class) = policy.resources.literal_class_for(self.roles, resource) else {
            return Ok(Verdict::NONE);
        };
        if own.rule().and_then(|id| policy.rules.get(&id)).is_some_and(|rule| is_literal(rule)) {
            return Ok(own);
        }
        let mut first = Verdict::NONE;
        for &entry in &self.entries {
            let row = self.snapshot.by_name.row(entry.role, entry.class);
            let entry = Entry { row, ..entry };
            first = first.min(self.entry_verdict(entry, class, resource, Scope::ByName)?);
        }
        Ok(first)
    }

    /// The verdict for one role and name: from its row, or computed and stored there.
    fn entry_verdict(
        &self,
        entry: Entry,
        class: ClassId,
        name: &str,
        scope: Scope,
    ) -> Result<Verdict, PolicyError> {
        if let Some(cached) = entry.row.and_then(|row| row.get(class)) {
            return Ok(cached);
        }
        let verdict = self.evaluate(entry, name, scope)?;
        if let Some(row) = entry.row {
            row.put(class, verdict);
        }
        Ok(verdict)
    }

    /// Casbin's verdict. Without an applicable rule it is a deny, and casbin is not called: with an
    /// empty policy it would match empty strings.
    #[cold]
    fn evaluate(&self, entry: Entry, resource: &str, scope: Scope) -> Result<Verdict, PolicyError> {
        let policy = &self.snapshot.policy;
        let Entry { role, action, .. } = entry;
        let mut rules = policy.applicable(role, resource, action);
        if let Scope::ByName = scope {
            rules.retain(|rule| is_literal(rule));
        }
        let (Some(entry), false) = (policy.roles.by_id(role), rules.is_empty()) else {
            return Ok(Verdict::NONE);
        };
        let context = DecisionContext {
            role: &entry.name,
            links: &policy.links(role),
            rules: &rules,
            resource,
            action,
        };
        let first = engine::evaluate(&context)?.and_then(|index| rules.get(index));
        Ok(first.map_or(Verdict::NONE, |rule| Verdict::of(rule)))
    }
}

fn is_literal(rule: &Rule) -> bool {
    !rule.resource.pattern().is_prefix()
}
