//! The mistakes in a whole policy.

use std::sync::Arc;

use super::{KNOWN_ACTIONS, RULES_ROUTE, Warning};
use crate::action::Action;
use crate::names::{ANONYMOUS, LABEL, Label, SUPERUSER, UNLABELLED};
use crate::pattern::Pattern;
use crate::rule::{Effect, Rule, Verdict};
use crate::snapshot::Snapshot;

impl Snapshot {
    /// Everything in the policy that is probably a mistake: about rules in their order, then about
    /// `labels`, those that the labeler writes.
    #[must_use]
    pub fn lint(&self, labels: &[Label]) -> Vec<Warning> {
        let mut rules: Vec<&Arc<Rule>> = self.rules().filter(|rule| !rule.is_builtin()).collect();
        rules.sort_unstable_by_key(|rule| Verdict::of(rule));
        let mut warnings = Vec::new();
        for rule in rules {
            warnings.extend(self.without_effect(rule));
            warnings.extend(unknown_label(rule, labels));
            warnings.extend(self.unknown_action(rule));
        }
        warnings.extend(self.unused(labels));
        warnings.extend(self.without_rule_admin());
        warnings
    }

    /// A warning if an earlier rule always decides instead.
    pub(super) fn without_effect(&self, rule: &Rule) -> Option<Warning> {
        let first = self.covering(rule).min_by_key(|other| Verdict::of(other))?;
        let (rule_id, by) = (rule.id, first.id);
        let is_same = first.role == rule.role
            && first.resource == rule.resource
            && first.action == rule.action;
        Some(match (is_same, first.effect == rule.effect) {
            (true, true) => Warning::Duplicate { rule: rule_id, of: by },
            (true, false) => Warning::Contradicted { rule: rule_id, by },
            (false, _) => Warning::Shadowed { rule: rule_id, by },
        })
    }

    /// The earlier rules that cover all resources and actions of the rule, for each caller to whom it
    /// applies.
    fn covering<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Arc<Rule>> {
        let pattern = rule.resource.pattern();
        let own = self.policy.roles.get(rule.role.as_str());
        let closure = own.into_iter().flat_map(|role| role.closure.iter().copied());
        let anonymous = self.policy.roles.get(ANONYMOUS).map(|role| role.id);
        let roles: Vec<_> = closure.chain(anonymous).collect();
        let classes = self.policy.resources.covering(pattern.text());
        let on = move |class| {
            let on = |role| self.policy.rules_on(role, class);
            roles.iter().copied().flat_map(on).collect::<Vec<_>>()
        };
        classes.flat_map(on).filter(move |other| {
            Verdict::of(other) < Verdict::of(rule)
                && other.resource.pattern().includes(pattern)
                && other.action.pattern().includes(rule.action.pattern())
                // A rule that names a resource can override denials of its labels, so one that does not
                // name it takes nothing away from it.
                && (is_about_labels(pattern) || pattern.is_prefix() == other.resource.pattern().is_prefix())
        })
    }

    pub(super) fn unknown_action(&self, rule: &Rule) -> Option<Warning> {
        let (action, resource) = (rule.action.pattern(), rule.resource.pattern());
        let is_on_route = resource.text().starts_with("route:");
        let is_method = action.text().bytes().all(|byte| byte.is_ascii_uppercase());
        let is_usual = KNOWN_ACTIONS.contains(&action.text());
        let has_other_uses = self.policy.actions.uses(action) > 1;
        let is_known = if is_on_route { is_usual && is_method } else { is_usual || has_other_uses };
        let unknown = !action.is_prefix() && !is_known;
        unknown.then(|| Warning::UnknownAction { rule: rule.id, action: action.text().to_owned() })
    }

    pub(super) fn unused<'a>(&'a self, labels: &'a [Label]) -> impl Iterator<Item = Warning> + 'a {
        let resources = &self.policy.resources;
        let is_used =
            |label: &Label| resources.covers_with(LABEL.len(), &format!("{LABEL}{label}"));
        let unused = labels.iter().filter(move |label| !is_used(label));
        unused.map(|label| Warning::UnusedLabel { label: label.to_string() })
    }

    /// A warning if no role but `superuser` may write rules.
    pub(super) fn without_rule_admin(&self) -> Option<Warning> {
        let post = Action::new("POST");
        let may_write = |rule: &&Arc<Rule>| {
            let evaluator = self.evaluator(&self.role_set([&rule.role]), &post);
            evaluator.verdict(RULES_ROUTE).is_ok_and(Verdict::allows)
        };
        let mut allowing = self
            .policy
            .rules_covering(RULES_ROUTE)
            .filter(|rule| rule.effect == Effect::Allow && rule.role.as_str() != SUPERUSER);
        allowing.find(may_write).is_none().then_some(Warning::NoRuleAdmin)
    }
}

fn is_about_labels(pattern: &Pattern) -> bool {
    pattern.text().starts_with(LABEL)
}

pub(super) fn unknown_label(rule: &Rule, labels: &[Label]) -> Option<Warning> {
    let pattern = rule.resource.pattern();
    let is_known = |name: &str| pattern.covers(&format!("{LABEL}{name}"));
    if !is_about_labels(pattern)
        || is_known(UNLABELLED)
        || labels.iter().any(|label| is_known(label.as_str()))
    {
        return None;
    }
    let label = rule.resource.to_string();
    let label = label.strip_prefix(LABEL).unwrap_or(&label).to_owned();
    Some(Warning::UnknownLabel { rule: rule.id, label })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv;
    use crate::label_rules::{LabelRules, SHIPPED};

    /// The warnings about these rules, which are numbered from 1; without that about an administrator of rules.
    fn lint(text: &str, labels: &[&str]) -> Vec<Warning> {
        let changes = csv::read(text).unwrap().changes();
        let policy = Snapshot::empty([]).unwrap().next(1, &changes).unwrap();
        let labels: Vec<Label> = labels.iter().map(|label| Label::parse(label).unwrap()).collect();
        let mut warnings = policy.lint(&labels);
        warnings.retain(|warning| *warning != Warning::NoRuleAdmin);
        warnings
    }

    #[test]
    fn a_role_other_than_superuser_should_be_able_to_write_rules() {
        let has_warning = |text: &str| {
            let changes = csv::read(text).unwrap().changes();
            let policy = Snapshot::empty([]).unwrap().next(1, &changes).unwrap();
            policy.lint(&[]).contains(&Warning::NoRuleAdmin)
        };
        assert!(has_warning(csv::SHIPPED_RULES));
        assert!(has_warning("p, 5, editor, route:/api/v1/rules*, GET, allow\n"));
        assert!(!has_warning("p, 5, editor, route:/api/v1/rules*, *, allow\n"));
        let denied =
            "p, 5, editor, route:/api/v1/rules*, *, allow\np, 4, editor, route:*, POST, deny\n";
        assert!(has_warning(denied));
        // A role that inherits another may do what the other may not.
        assert!(!has_warning(&format!(
            "{denied}p, 3, chief, route:*, *, allow\ng, chief, editor\n"
        )));
    }

    #[test]
    fn a_rule_without_effect_is_found_with_the_one_that_decides() {
        let rules = "p, 10, anonymous, film:*, read, allow\n\
            p, 20, anonymous, film:*, read, allow\n\
            p, 20, anonymous, film:*, read, deny\n\
            p, 30, subscriber, film:a*, read, deny\n\
            p, 40, subscriber, film:a*, re*, deny\n\
            p, 5, subscriber, film:b*, read, deny\n";
        let warnings = lint(rules, &[]);
        let expected = [
            Warning::Contradicted { rule: 3, by: 1 },
            Warning::Duplicate { rule: 2, of: 1 },
            Warning::Shadowed { rule: 4, by: 1 },
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn a_rule_that_names_a_film_is_not_shadowed_by_one_that_does_not() {
        let rules = "p, 10, anonymous, film:*, read, allow\n\
            p, 20, anonymous, film:dune, read, allow\n\
            p, 30, anonymous, film:dune, read, deny\n\
            p, 40, anonymous, label:x, read, deny\n";
        assert_eq!(lint(rules, &["x"]), [Warning::Contradicted { rule: 3, by: 2 }]);
    }

    #[test]
    fn rules_of_roles_that_do_not_include_each_other_are_independent() {
        let rules = "p, 10, editor, film:*, read, allow\np, 20, subscriber, film:*, read, deny\n\
            p, 30, chief, film:a*, read, deny\ng, chief, editor\n";
        assert_eq!(lint(rules, &[]), [Warning::Shadowed { rule: 3, by: 1 }]);
    }

    #[test]
    fn unknown_names_are_found() {
        let rules = "p, 10, anonymous, label:nwe, read, deny\n\
            p, 20, anonymous, label:ad*, raed, deny\n\
            p, 30, editor, route:/api/v1/rules, get, allow\n\
            p, 40, editor, film:*, play, allow\np, 50, editor, clip:*, play, allow\n";
        let label = |rule, label: &str| Warning::UnknownLabel { rule, label: label.into() };
        let action = |rule, action: &str| Warning::UnknownAction { rule, action: action.into() };
        let unused = Warning::UnusedLabel { label: "new".into() };
        assert_eq!(
            lint(rules, &["new", "adult"]),
            [label(1, "nwe"), action(2, "raed"), action(3, "get"), unused]
        );
    }

    #[test]
    fn of_the_shipped_labels_two_have_no_rule() {
        let labels = LabelRules::parse(SHIPPED).unwrap();
        let labels: Vec<&str> = labels.iter().map(|rule| rule.name.as_str()).collect();
        let unused = |label: &str| Warning::UnusedLabel { label: label.into() };
        assert_eq!(lint(csv::SHIPPED_RULES, &labels), [unused("adult"), unused("upcoming")]);
    }
}
