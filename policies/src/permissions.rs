//! What roles permit, for admins and users: verdicts on labels and films for the actions that rules name.

use std::collections::BTreeSet;

use crate::error::PolicyError;
use crate::explanation::ExplainedVerdict;
use crate::names::{LABEL, RoleName};
use crate::snapshot::Snapshot;

/// The action that is always listed.
const READ: &str = "read";

/// A name that belongs to the films that no rule names.
const ANY_FILM: &str = "film:";

impl Snapshot {
    /// The actions that rules about films or labels name, sorted; `read` is always one.
    #[must_use]
    pub fn film_actions(&self) -> Vec<String> {
        let mut actions = BTreeSet::from([READ.to_owned()]);
        for rule in self.rules() {
            let (resource, action) = (rule.resource.pattern(), rule.action.pattern());
            let is_about_films = resource.reaches("film:") || resource.reaches("label:");
            if is_about_films && !action.is_prefix() {
                actions.insert(action.text().to_owned());
            }
        }
        actions.into_iter().collect()
    }

    /// The labels that rules name or that have a validity period, sorted.
    #[must_use]
    pub fn known_labels(&self) -> Vec<String> {
        let named = self.named_ids("label").into_iter().map(ToOwned::to_owned);
        let time_bound = self.time_bound_labels().iter().map(ToString::to_string);
        named.chain(time_bound).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The verdict on a label for a caller who holds these roles.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails.
    pub fn label_verdict(
        &self,
        held: &[RoleName],
        action: &str,
        label: &str,
    ) -> Result<ExplainedVerdict, PolicyError> {
        self.verdict(held, action, &format!("{LABEL}{label}"))
    }

    /// The verdict on the films that no rule names, for a caller who holds these roles.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails.
    pub fn film_verdict(
        &self,
        held: &[RoleName],
        action: &str,
    ) -> Result<ExplainedVerdict, PolicyError> {
        self.verdict(held, action, ANY_FILM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv;
    use crate::names::Label;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    #[test]
    fn labels_actions_and_their_verdicts_follow_from_the_rules() {
        let rules = "p, 10, subscriber, label:new, read, allow\n\
            p, 20, anonymous, label:new, read, deny\n\
            p, 30, editor, film:*, edit, allow\np, 40, editor, label:*, edit, allow\n\
            p, 50, anonymous, film:dune, read, deny\n\
            p, 60, anonymous, route:/x, GET, deny\np, 70, anonymous, *, read, allow\n\
            g, premium, subscriber\nrole, editor\n";
        let empty = Snapshot::empty([Label::parse("soon").unwrap()]).unwrap();
        let policy = empty.next(1, &csv::read(rules).unwrap().changes()).unwrap();
        assert_eq!(policy.film_actions(), ["edit", "read"]);
        assert_eq!(policy.known_labels(), ["new", "soon"]);
        let read = |roles: &[RoleName], label| policy.label_verdict(roles, "read", label).unwrap();
        assert!(!read(&[], "new").allowed && read(&[], "soon").allowed);
        let premium = read(&[role("premium")], "new");
        assert!(premium.allowed);
        assert_eq!(premium.path, [role("premium"), role("subscriber")]);
        assert!(policy.film_verdict(&[], "read").unwrap().allowed);
        assert!(policy.film_verdict(&[role("editor")], "edit").unwrap().allowed);
        assert_eq!(policy.film_verdict(&[], "edit").unwrap().rule, None);
    }
}
