//! Questions of one caller about one action: from the table, or from casbin at first sight.

use smallvec::SmallVec;

use super::{RoleSet, Snapshot};
use crate::change::PolicyError;
use crate::classes::ClassId;
use crate::engine::{self, Question};
use crate::roles::RoleId;
use crate::rule::{Rule, Verdict};
use crate::table::Row;

/// A caller's roles for one action, ready to be asked about resources.
pub(crate) struct Asker<'a> {
    snapshot: &'a Snapshot,
    action: &'a str,
    /// None where no rule speaks of the action.
    class: Option<ClassId>,
    /// Rows of the caller's roles, as far as they fit into memory; none without a class.
    rows: SmallVec<[(RoleId, Option<&'a Row>); 8]>,
}

/// Which rules can decide.
#[derive(Clone, Copy)]
enum Among {
    All,
    /// Those that name the resource itself, without a wildcard.
    Literal,
}

impl Snapshot {
    pub(crate) fn asker<'a>(&'a self, roles: &RoleSet, action: &'a str) -> Asker<'a> {
        let class = self.policy.actions.find(action);
        let rows = class.map_or_else(SmallVec::new, |class| {
            roles.0.iter().map(|&role| (role, self.table.row(role, class))).collect()
        });
        Asker { snapshot: self, action, class, rows }
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
        for &(role, row) in &self.rows {
            first = first.min(self.entry(role, row, class, name, Among::All)?);
        }
        Ok(first)
    }

    /// The first rule that names the resource itself, without a wildcard; `own` is the first of all.
    pub(crate) fn by_name(&self, resource: &str, own: Verdict) -> Result<Verdict, PolicyError> {
        let policy = &self.snapshot.policy;
        let Some(class) = policy.resources.literal(resource) else { return Ok(Verdict::NONE) };
        if own.rule().and_then(|id| policy.rules.get(&id)).is_some_and(|rule| is_literal(rule)) {
            return Ok(own);
        }
        let mut first = Verdict::NONE;
        for &(role, _) in &self.rows {
            let row = self.class.and_then(|action| self.snapshot.named.row(role, action));
            first = first.min(self.entry(role, row, class, resource, Among::Literal)?);
        }
        Ok(first)
    }

    /// From the row, or from casbin and into the row.
    fn entry(
        &self,
        role: RoleId,
        row: Option<&Row>,
        class: ClassId,
        name: &str,
        among: Among,
    ) -> Result<Verdict, PolicyError> {
        if let Some(known) = row.and_then(|row| row.get(class)) {
            return Ok(known);
        }
        let verdict = self.decide(role, name, among)?;
        if let Some(row) = row {
            row.put(class, verdict);
        }
        Ok(verdict)
    }

    /// Casbin's answer. No rule that can apply: deny, without asking, as casbin would then match
    /// empty strings.
    #[cold]
    fn decide(&self, role: RoleId, resource: &str, among: Among) -> Result<Verdict, PolicyError> {
        let policy = &self.snapshot.policy;
        let mut rules = policy.applicable(role, resource, self.action);
        if let Among::Literal = among {
            rules.retain(|rule| is_literal(rule));
        }
        let (Some(entry), false) = (policy.roles.by_id(role), rules.is_empty()) else {
            return Ok(Verdict::NONE);
        };
        let question = Question {
            role: &entry.name,
            links: &policy.links(role),
            rules: &rules,
            resource,
            action: self.action,
        };
        let first = engine::ask(&question)?.and_then(|index| rules.get(index));
        Ok(first.map_or(Verdict::NONE, |rule| Verdict::of(rule)))
    }
}

fn is_literal(rule: &Rule) -> bool {
    !rule.resource.pattern().is_prefix()
}
