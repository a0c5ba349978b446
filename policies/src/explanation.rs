//! A decision with everything that led to it: for admins, not for enforcement points.

use std::sync::Arc;

use crate::action::Action;
use crate::decision::Decision;
use crate::error::PolicyError;
use crate::facts::{Facts, Kind};
use crate::names::{LABEL, Resource, RoleName, UNLABELLED};
use crate::roles::RoleId;
use crate::rule::{Rule, Verdict};
use crate::snapshot::{RoleSet, Snapshot};

/// Maximum number of rules in an explanation. Rules about other resources are left out first.
pub const MAX_EXPLAINED_RULES: usize = 1_000;

/// Maximum number of roles that an explanation suggests.
pub const MAX_SUGGESTED_ROLES: usize = 20;

/// A decision with everything that led to it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The verdict on the resource, then those on its active labels.
    pub verdicts: Vec<ExplainedVerdict>,
    /// The rules, in the order in which they are evaluated.
    pub rules: Vec<ConsideredRule>,
    /// How many rules about other resources were left out.
    pub omitted: usize,
    /// If the decision is a denial: roles each of which would be enough to allow it, sorted.
    pub allowed_for: Vec<RoleName>,
}

/// What the policy says about the resource itself, or about one of its labels.
#[derive(Clone, Debug)]
pub struct ExplainedVerdict {
    /// `film:dune`, `label:new`.
    pub name: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The first rule that matches; without one it is denied.
    pub rule: Option<Arc<Rule>>,
    /// How the caller has the role of that rule, from a role that they hold.
    pub path: Vec<RoleName>,
}

/// A rule, and what became of it.
#[derive(Clone, Debug)]
pub struct ConsideredRule {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it counted, or why not.
    pub outcome: RuleOutcome,
}

/// Whether a rule counted, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// The first rule that matches the resource or one of its labels.
    Decides,
    /// It matches, but another rule comes first.
    Outranked,
    /// It is about this resource and action, but for a role that the caller does not have.
    OtherRole,
    /// It is about this resource, but about other actions.
    OtherAction,
    /// It is about neither the resource nor one of its active labels.
    OtherResource,
}

impl Snapshot {
    /// The decision of [`Snapshot::decide`] about a caller who holds these roles, with everything that led
    /// to it. It reads every rule.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails.
    pub fn explain(
        &self,
        held: &[RoleName],
        action: &str,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<Explanation, PolicyError> {
        let set = self.role_set(held);
        let decision = self.decide(&set, action, resource, facts)?;
        let verdicts =
            self.verdicts(held, &set, action, &evaluated_names(resource, self.reading(facts)))?;
        let (rules, omitted) = self.considered(&set, action, &verdicts, &decision);
        let allowed_for = if decision.allowed {
            Vec::new()
        } else {
            self.allowed_for(held, action, resource, facts)?
        };
        Ok(Explanation { decision, verdicts, rules, omitted, allowed_for })
    }

    fn verdicts(
        &self,
        held: &[RoleName],
        roles: &RoleSet,
        action: &str,
        names: &[String],
    ) -> Result<Vec<ExplainedVerdict>, PolicyError> {
        let action = Action::new(action);
        names.iter().map(|name| self.explained(held, roles, &action, name)).collect()
    }

    fn explained(
        &self,
        held: &[RoleName],
        roles: &RoleSet,
        action: &Action,
        name: &str,
    ) -> Result<ExplainedVerdict, PolicyError> {
        let verdict = self.evaluator(roles, action).verdict(name)?;
        let rule = verdict.rule().and_then(|id| self.rule(id)).cloned();
        let path = rule.as_ref().map(|rule| {
            let holding = [held, &[RoleName::anonymous()]].concat();
            self.inheritance_path(&holding, &rule.role)
        });
        let (name, allowed) = (name.to_owned(), verdict.allows());
        Ok(ExplainedVerdict { name, allowed, rule, path: path.unwrap_or_default() })
    }

    /// The verdict on one name for a caller who holds these roles.
    pub(crate) fn verdict(
        &self,
        held: &[RoleName],
        action: &str,
        name: &str,
    ) -> Result<ExplainedVerdict, PolicyError> {
        self.explained(held, &self.role_set(held), &Action::new(action), name)
    }

    /// Every rule in order, as far as there is room, and how many were left out.
    fn considered(
        &self,
        roles: &RoleSet,
        action: &str,
        verdicts: &[ExplainedVerdict],
        decision: &Decision,
    ) -> (Vec<ConsideredRule>, usize) {
        let (reached, action) = (self.reached(roles), Action::new(action));
        let decisive = |id: u32| {
            let is =
                |verdict: &ExplainedVerdict| verdict.rule.as_ref().is_some_and(|it| it.id == id);
            decision.rule == Some(id) || verdicts.iter().any(is)
        };
        let outcome = |rule: &Rule| {
            let covers = |verdict: &ExplainedVerdict| rule.resource.pattern().covers(&verdict.name);
            if !verdicts.iter().any(covers) {
                RuleOutcome::OtherResource
            } else if !action.is_covered_by(&rule.action) {
                RuleOutcome::OtherAction
            } else if !self
                .policy
                .roles
                .get(rule.role.as_str())
                .is_some_and(|role| reached.contains(&role.id))
            {
                RuleOutcome::OtherRole
            } else if decisive(rule.id) {
                RuleOutcome::Decides
            } else {
                RuleOutcome::Outranked
            }
        };
        let considered =
            |rule: &Arc<Rule>| ConsideredRule { rule: Arc::clone(rule), outcome: outcome(rule) };
        let mut all: Vec<ConsideredRule> = self.rules().map(considered).collect();
        let before = all.len();
        if before > MAX_EXPLAINED_RULES {
            all.retain(|rule| rule.outcome != RuleOutcome::OtherResource);
        }
        all.sort_unstable_by_key(|considered| Verdict::of(&considered.rule));
        all.truncate(MAX_EXPLAINED_RULES);
        let omitted = before - all.len();
        (all, omitted)
    }

    /// The roles of the set and everything that they inherit.
    fn reached(&self, roles: &RoleSet) -> Vec<RoleId> {
        let closures = roles.ids.iter().filter_map(|&id| self.policy.roles.by_id(id));
        closures.flat_map(|role| role.closure.iter().copied()).collect()
    }

    fn allowed_for(
        &self,
        held: &[RoleName],
        action: &str,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<Vec<RoleName>, PolicyError> {
        let mut allowed = Vec::new();
        for role in self.defined_roles() {
            let with = self.role_set(held.iter().chain([&role.name]));
            if self.decide(&with, action, resource, facts)?.allowed {
                allowed.push(role.name);
                if allowed.len() == MAX_SUGGESTED_ROLES {
                    break;
                }
            }
        }
        Ok(allowed)
    }
}

/// What is evaluated: the resource and its active labels.
pub(crate) fn evaluated_names(resource: &Resource, kind: &Kind) -> Vec<String> {
    let unlabelled = || vec![format!("{LABEL}{UNLABELLED}")];
    let labels = match kind {
        Kind::Labelled(labels) => labels.iter().map(|label| format!("{LABEL}{label}")).collect(),
        Kind::Unlabelled => unlabelled(),
        Kind::Missing if resource.is_film() => unlabelled(),
        Kind::Missing => Vec::new(),
    };
    [vec![resource.as_str().to_owned()], labels].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv;
    use crate::decision::ReasonCode;

    fn policy(text: &str) -> Snapshot {
        let changes = csv::read(text).unwrap().changes();
        Snapshot::empty([]).unwrap().next(1, &changes).unwrap()
    }

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    fn explain(policy: &Snapshot, held: &[&str], labels: &[&str]) -> Explanation {
        let held: Vec<RoleName> = held.iter().map(|name| role(name)).collect();
        let film = Resource::new("film", Some("dune"));
        let facts = Facts::labels(labels.iter().copied());
        policy.explain(&held, "read", &film, &facts).unwrap()
    }

    const FILMS: &str = "p, 10, subscriber, label:new, read, allow\n\
        p, 20, anonymous, label:new, read, deny\n\
        p, 30, anonymous, label:adult, *, deny\n\
        p, 40, anonymous, film:*, read, allow\n\
        p, 50, anonymous, film:dune, write, deny\n\
        p, 60, anonymous, *, read, allow\n\
        g, premium, subscriber\nrole, editor\n";

    #[test]
    fn a_denial_names_what_is_denied_and_for_whom_it_would_be_allowed() {
        let policy = policy(FILMS);
        let denied = explain(&policy, &[], &["new"]);
        assert_eq!(denied.decision.code, ReasonCode::LabelDenied);
        let verdicts: Vec<_> =
            denied.verdicts.iter().map(|it| (it.name.as_str(), it.allowed)).collect();
        assert_eq!(verdicts, [("film:dune", true), ("label:new", false)]);
        assert_eq!(denied.allowed_for, [role("premium"), role("subscriber")]);
        let outcomes: Vec<_> =
            denied.rules.iter().map(|it| (it.rule.priority, it.outcome)).collect();
        assert_eq!(
            outcomes,
            [
                (10, RuleOutcome::OtherRole),
                (20, RuleOutcome::Decides),
                (30, RuleOutcome::OtherResource),
                (40, RuleOutcome::Decides),
                (50, RuleOutcome::OtherAction),
                (60, RuleOutcome::Outranked),
            ]
        );
        assert_eq!(denied.omitted, 0);
    }

    #[test]
    fn a_rule_on_an_action_is_about_the_action_with_properties_too() {
        let policy = policy(
            "p, 10, anonymous, film:*, read?hd=true, deny\n\
            p, 20, anonymous, film:*, read, allow\np, 30, anonymous, film:*, read?hd=false, allow\n",
        );
        let film = Resource::new("film", Some("dune"));
        let denied = policy.explain(&[], "read?hd=true", &film, &Facts::labels([])).unwrap();
        assert_eq!(denied.decision.code, ReasonCode::DeniedByRule);
        let outcomes: Vec<_> = denied.rules.iter().map(|it| it.outcome).collect();
        let expected = [RuleOutcome::Decides, RuleOutcome::Outranked, RuleOutcome::OtherAction];
        assert_eq!(outcomes, expected);
        assert!(!denied.verdicts[0].allowed);
    }

    #[test]
    fn the_path_leads_from_a_held_role_to_that_of_the_rule() {
        let allowed = explain(&policy(FILMS), &["premium"], &["new"]);
        assert!(allowed.decision.allowed && allowed.allowed_for.is_empty());
        assert_eq!(allowed.verdicts[1].path, [role("premium"), role("subscriber")]);
    }

    #[test]
    fn of_many_rules_those_about_other_resources_are_left_out() {
        let many: Vec<String> =
            (0..2_000).map(|n| format!("p, 70, anonymous, film:f{n}, read, deny")).collect();
        let denied = explain(&policy(&format!("{FILMS}{}\n", many.join("\n"))), &[], &["new"]);
        assert_eq!((denied.rules.len(), denied.omitted), (5, 2_001));
    }
}
