//! What changes for a caller when one policy takes the place of another.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::action::Action;
use crate::csv::RuleRow;
use crate::error::PolicyError;
use crate::names::RoleName;
use crate::pattern::Pattern;
use crate::rule::Rule;
use crate::snapshot::Snapshot;

/// Maximum number of verdicts that are compared for one caller. Those that the changed rules are about come
/// first.
pub const MAX_COMPARED: usize = 10_000;

/// Two policies, of which the second takes the place of the first.
#[derive(Debug)]
pub struct Comparison {
    before: Arc<Snapshot>,
    after: Arc<Snapshot>,
    /// The rules that only one of them has: those before, then those after.
    changed: Vec<Arc<Rule>>,
    resources: Names,
    actions: Names,
}

/// What changes for one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChanges {
    /// The verdicts that become the opposite, by resource and action.
    pub verdicts: Vec<VerdictChange>,
    /// Whether these are all of them: at most [`MAX_COMPARED`] are compared.
    pub complete: bool,
}

/// A verdict that becomes the opposite. It is about the resource itself: a film also depends on its labels,
/// which have verdicts of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    /// The resources, as in a rule: a prefix stands for those that no longer prefix or name covers.
    pub resource: String,
    /// The actions, likewise. Of actions with properties only those that rules name.
    pub action: String,
    /// Whether it is allowed from now on.
    pub allowed: bool,
    /// The rule that decided; `None` if none matched.
    pub before: Option<Arc<Rule>>,
    /// The rule that decides from now on.
    pub after: Option<Arc<Rule>>,
}

impl Comparison {
    /// Compares these policies.
    #[must_use]
    pub fn new(before: Arc<Snapshot>, after: Arc<Snapshot>) -> Self {
        let changed = only_in(&before, &after).chain(only_in(&after, &before)).cloned().collect();
        let rules = || before.rules().chain(after.rules());
        let resources = Names::of(rules().map(|rule| rule.resource.pattern()));
        let actions = Names::of(rules().map(|rule| rule.action.pattern()));
        Self { before, after, changed, resources, actions }
    }

    /// What changes for a caller who holds the roles `held` before and `holds` after.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails.
    pub fn verdicts(
        &self,
        held: &[RoleName],
        holds: &[RoleName],
    ) -> Result<VerdictChanges, PolicyError> {
        let (names, complete) = self.names(&self.touched(held, holds));
        let (old, new) = (self.before.role_set(held), self.after.role_set(holds));
        let mut verdicts = Vec::new();
        for (action, resources) in names {
            let name = self.actions.member(action);
            let name = Action::new(&name);
            let (before, after) =
                (self.before.evaluator(&old, &name), self.after.evaluator(&new, &name));
            for resource in resources {
                let name = self.resources.member(resource);
                let (was, is) = (before.verdict(&name)?, after.verdict(&name)?);
                if was.allows() == is.allows() {
                    continue;
                }
                verdicts.push(VerdictChange {
                    resource: resource.to_string(),
                    action: action.to_string(),
                    allowed: is.allows(),
                    before: was.rule().and_then(|id| self.before.rule(id)).cloned(),
                    after: is.rule().and_then(|id| self.after.rule(id)).cloned(),
                });
            }
        }
        verdicts.sort_unstable_by(|a, b| (&a.resource, &a.action).cmp(&(&b.resource, &b.action)));
        Ok(VerdictChanges { verdicts, complete })
    }

    /// The rules that the caller gains, loses or has with other content.
    fn touched(&self, held: &[RoleName], holds: &[RoleName]) -> Vec<&Arc<Rule>> {
        let (old, new) = (reached(&self.before, held), reached(&self.after, holds));
        let changed = self.changed.iter();
        let changed = changed.filter(|rule| old.contains(&rule.role) || new.contains(&rule.role));
        let mut touched: Vec<&Arc<Rule>> = changed.collect();
        let moved: BTreeSet<&RoleName> = old.symmetric_difference(&new).collect();
        if !moved.is_empty() {
            let rules = self.before.rules().chain(self.after.rules());
            touched.extend(rules.filter(|rule| moved.contains(&rule.role)));
        }
        touched
    }

    /// What these rules are about, by action, as far as there is room, and whether that is all.
    fn names<'a>(&'a self, rules: &[&'a Arc<Rule>]) -> (ByAction<'a>, bool) {
        let mut names = ByAction::new();
        let mut room = MAX_COMPARED;
        let mut add = |action, resource| {
            let of_action: &mut BTreeSet<_> = names.entry(action).or_default();
            room -= usize::from(of_action.insert(resource));
            room > 0
        };
        let own = rules.iter().map(|rule| (rule.action.pattern(), rule.resource.pattern()));
        let mut complete = true;
        let mut wide: BTreeMap<&Pattern, BTreeSet<&Pattern>> = BTreeMap::new();
        for (action, resource) in own {
            complete = complete && add(action, resource);
            wide.entry(action).or_default().insert(resource);
        }
        for (action, resources) in wide {
            for action in self.actions.about(action) {
                for resource in &resources {
                    complete = complete
                        && self.resources.within(resource).iter().all(|name| add(action, name));
                }
            }
        }
        (names, complete)
    }
}

type ByAction<'a> = BTreeMap<&'a Pattern, BTreeSet<&'a Pattern>>;

/// The rules of `one` that `other` does not have, under whatever id: an import gives all of them new ones.
fn only_in<'a>(one: &'a Snapshot, other: &Snapshot) -> impl Iterator<Item = &'a Arc<Rule>> {
    let row = |rule: &Arc<Rule>| RuleRow::from(&**rule).undescribed();
    let others: HashSet<RuleRow> = other.rules().map(row).collect();
    one.rules().filter(move |rule| !others.contains(&row(rule)))
}

/// The roles that apply to a caller who holds these.
fn reached(policy: &Snapshot, held: &[RoleName]) -> BTreeSet<RoleName> {
    let anonymous = RoleName::anonymous();
    held.iter().chain([&anonymous]).flat_map(|role| policy.inherited(role)).collect()
}

/// The literals and prefixes of rules, sorted: each stands for the names that no narrower one covers.
#[derive(Debug)]
struct Names(Vec<Pattern>);

impl Names {
    fn of<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Self {
        let distinct: BTreeSet<&Pattern> = patterns.collect();
        Self(distinct.into_iter().cloned().collect())
    }

    /// Those within this pattern, and the pattern itself.
    fn within(&self, pattern: &Pattern) -> &[Pattern] {
        let from = self.0.partition_point(|name| name.text() < pattern.text());
        let starting = self.0.get(from..).unwrap_or_default();
        let is_within = |name: &Pattern| {
            if pattern.is_prefix() {
                name.text().starts_with(pattern.text())
            } else {
                name.text() == pattern.text() && !name.is_prefix()
            }
        };
        starting.get(..starting.partition_point(is_within)).unwrap_or_default()
    }

    /// The actions that a rule on this pattern is about: those within it, and those that it covers with
    /// properties.
    fn about<'a>(&'a self, pattern: &'a Pattern) -> impl Iterator<Item = &'a Pattern> {
        self.0.iter().filter(move |name| {
            let action = self.member(name);
            Action::new(&action).names().any(|name| pattern.covers(name))
        })
    }

    /// A name that belongs to the pattern.
    fn member<'a>(&self, pattern: &'a Pattern) -> Cow<'a, str> {
        Pattern::member(pattern.text(), pattern.is_prefix(), |text| self.has(text))
    }

    /// Whether a literal or a prefix is this text.
    fn has(&self, text: &str) -> bool {
        let from = self.0.partition_point(|name| name.text() < text);
        self.0.get(from).is_some_and(|name| name.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv;

    fn policy(text: &str) -> Arc<Snapshot> {
        let changes = csv::read(text).unwrap().changes();
        Arc::new(Snapshot::empty([]).unwrap().next(1, &changes).unwrap())
    }

    fn changes(before: &str, after: &str, held: &[&str], holds: &[&str]) -> Vec<String> {
        let roles = |names: &[&str]| -> Vec<RoleName> {
            names.iter().map(|name| RoleName::parse(name).unwrap()).collect()
        };
        let comparison = Comparison::new(policy(before), policy(after));
        let changes = comparison.verdicts(&roles(held), &roles(holds)).unwrap();
        assert!(changes.complete);
        let text = |change: &VerdictChange| {
            let sign = if change.allowed { '+' } else { '-' };
            format!("{sign} {} {}", change.action, change.resource)
        };
        changes.verdicts.iter().map(text).collect()
    }

    const OPEN: &str = "p, 50, editor, label:adult, read, allow\n\
        p, 100, anonymous, *, read, allow\np, 200, editor, film:*, write, allow\n";

    #[test]
    fn a_new_rule_changes_what_no_other_rule_decides() {
        let closed = format!("{OPEN}p, 60, anonymous, label:adult, read, deny\n");
        assert_eq!(changes(OPEN, &closed, &[], &[]), ["- read label:adult"]);
        assert!(changes(OPEN, &closed, &["editor"], &["editor"]).is_empty());
        assert_eq!(changes(&closed, OPEN, &[], &[]), ["+ read label:adult"]);
    }

    #[test]
    fn rules_with_other_ids_are_the_same() {
        let reordered: Vec<&str> = OPEN.lines().rev().collect();
        let comparison = Comparison::new(policy(OPEN), policy(&reordered.join("\n")));
        assert!(comparison.changed.is_empty());
    }

    #[test]
    fn a_grant_changes_what_the_rules_of_the_role_decide() {
        assert_eq!(changes(OPEN, OPEN, &[], &["editor"]), ["+ write film:*"]);
        let inheriting = format!("{OPEN}g, chief, editor\n");
        assert_eq!(changes(OPEN, &inheriting, &[], &["chief"]), ["+ write film:*"]);
    }

    #[test]
    fn a_prefix_stands_for_what_no_narrower_name_covers() {
        let before = "p, 10, anonymous, film:a, read, deny\np, 10, anonymous, film:a0, read, deny\n\
            p, 20, anonymous, film:a*, read, deny\np, 30, anonymous, film:*, read?*, deny\n";
        let after = before.replace("film:a*, read, deny", "film:a*, read, allow");
        assert_eq!(changes(before, &after, &[], &[]), ["+ read film:a*", "+ read?* film:a*"]);
    }
}
