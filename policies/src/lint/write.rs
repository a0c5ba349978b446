//! The mistakes that a write brings into a policy.

use std::collections::HashSet;
use std::sync::Arc;

use super::Warning;
use super::policy::unknown_label;
use crate::names::Label;
use crate::policy::Change;
use crate::rule::{Rule, Verdict};
use crate::snapshot::Snapshot;

/// A write of more rules than this is searched for mistakes like a whole policy.
const MAX_WRITTEN: usize = 100;

impl Snapshot {
    /// What is probably a mistake in a policy that these changes made of the policy `before`: about the written
    /// rules, about rules that they leave without effect, and about the policy as a whole where it was not so before.
    /// `labels` are those that the labeler writes.
    ///
    /// Looks at the rules that the written ones can affect, unlike [`Snapshot::lint`].
    #[must_use]
    pub fn lint_write(&self, before: &Self, changes: &[Change], labels: &[Label]) -> Vec<Warning> {
        let written: Vec<&Arc<Rule>> = changes
            .iter()
            .filter_map(|change| match change {
                Change::RuleSet(rule) => self.rule(rule.id).filter(|rule| !rule.is_builtin()),
                _ => None,
            })
            .collect();
        let mut warnings = if written.len() > MAX_WRITTEN {
            let ids: HashSet<u32> = written.iter().map(|rule| rule.id).collect();
            let is_written = |id: Option<u32>| id.is_some_and(|id| ids.contains(&id));
            let mut warnings = self.lint(labels);
            warnings.retain(|warning| is_written(warning.rule()) || is_written(warning.cause()));
            warnings
        } else {
            self.lint_rules(&written, labels)
        };
        let unused_before: HashSet<Warning> = before.unused(labels).collect();
        warnings.extend(self.unused(labels).filter(|warning| !unused_before.contains(warning)));
        if before.without_rule_admin().is_none() {
            warnings.extend(self.without_rule_admin());
        }
        warnings
    }

    fn lint_rules(&self, written: &[&Arc<Rule>], labels: &[Label]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for rule in written {
            warnings.extend(self.without_effect(rule));
            warnings.extend(unknown_label(rule, labels));
            warnings.extend(self.unknown_action(rule));
        }
        let is_written = |id: u32| written.iter().any(|rule| rule.id == id);
        let mut others: Vec<&Arc<Rule>> = Vec::new();
        for rule in written {
            let mut later = self.policy.rules_within(rule.resource.pattern());
            later.retain(|other| {
                Verdict::of(rule) < Verdict::of(other)
                    && rule.action.pattern().includes(other.action.pattern())
                    && !is_written(other.id)
            });
            others.extend(later);
        }
        others.sort_unstable_by_key(|rule| Verdict::of(rule));
        others.dedup_by_key(|rule| rule.id);
        let without_effect = others.into_iter().filter_map(|other| self.without_effect(other));
        warnings.extend(without_effect.filter(|it| it.cause().is_some_and(is_written)));
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv;
    use crate::names::RoleName;

    /// The warnings about a write of the second rules after the first; all are numbered from 1.
    fn lint(before: &str, written: &str) -> Vec<Warning> {
        let changes = csv::read(&format!("{before}{written}")).unwrap().changes();
        let written = csv::read(written).unwrap().rules.len();
        let (old, new) = changes.split_at(changes.len() - written);
        let before = Snapshot::empty([]).unwrap().next(1, old).unwrap();
        let after = before.next(2, new).unwrap();
        after.lint_write(&before, new, &[Label::parse("new").unwrap()])
    }

    const BEFORE: &str = "p, 10, anonymous, label:nwe, read, deny\np, 20, anonymous, label:new, read, deny\n\
                          p, 50, anonymous, film:a*, read, allow\np, 60, editor, film:b*, read, deny\n";

    #[test]
    fn a_write_is_warned_of_what_it_causes_and_of_nothing_else() {
        assert_eq!(lint(BEFORE, "p, 70, anonymous, film:c, read, allow\n"), []);
        let written = "p, 40, anonymous, film:*, read, deny\np, 90, x, film:c, raed, allow\n";
        let expected = [
            Warning::UnknownAction { rule: 6, action: "raed".into() },
            Warning::Shadowed { rule: 3, by: 5 },
            Warning::Shadowed { rule: 4, by: 5 },
        ];
        assert_eq!(lint(BEFORE, written), expected);
        let label = Warning::UnknownLabel { rule: 5, label: "newer".into() };
        assert_eq!(lint(BEFORE, "p, 70, anonymous, label:newer, read, allow\n"), [label]);
    }

    #[test]
    fn a_write_is_warned_of_a_policy_that_it_leaves_incomplete() {
        let rules =
            "p, 20, anonymous, label:new, read, deny\np, 30, admin, route:/api/v1/*, *, allow\n";
        let changes = csv::read(rules).unwrap().changes();
        let before = Snapshot::empty([]).unwrap().next(1, &changes).unwrap();
        let labels = [Label::parse("new").unwrap()];
        let deleted = [Change::RuleRemoved { id: 1 }, Change::RuleRemoved { id: 2 }];
        let after = before.next(2, &deleted).unwrap();
        let expected = [Warning::UnusedLabel { label: "new".into() }, Warning::NoRuleAdmin];
        assert_eq!(after.lint_write(&before, &deleted, &labels), expected);
        // It was so before.
        let role = [Change::RoleSet { name: RoleName::parse("x").unwrap(), inherits: vec![] }];
        let next = after.next(3, &role).unwrap();
        assert_eq!(next.lint_write(&after, &role, &labels), []);
    }

    #[test]
    fn a_long_write_is_warned_alike() {
        let many: Vec<String> = (0..=MAX_WRITTEN)
            .map(|n| format!("p, 40, anonymous, film:a{n}*, read, deny"))
            .collect();
        let many = many.join("\n");
        let all = "p, 30, anonymous, film:*, read, deny\n";
        assert_eq!(lint(BEFORE, &format!("{many}\n{all}")).len(), MAX_WRITTEN + 1 + 2);
    }
}
