//! Films with a value that the import could not read, and that a label rule needs. Without it the film would be
//! labelled as if it had no such value, which can open it.

use std::collections::BTreeSet;

use policies::label_rules::{End, LabelRule, LabelRules, Query};

use crate::{access::ExpectedLabel, extract::Hit, plan::Plan};

/// An unreadable one is no date, with which a label with `within` has no end.
const RELEASE_DATE: &str = "release_date";

/// Whether a film has to stay unlabelled. Its release date is missed only if no label without an end, of a rule
/// with `within`, keeps the film restricted until it has one.
pub(crate) fn prevents_labels(plan: &Plan, film: &Hit<'_>, expected: &[ExpectedLabel<'_>]) -> bool {
    let is_restricted = || {
        let mut now = expected.iter().filter(|expected| expected.from.is_none());
        now.any(|expected| plan.rules.get(expected.label).is_some_and(ends_after_release))
    };
    film.unreadable_fields().iter().any(|field| {
        let is_needed = plan.fields_of_rules.contains(field.0.as_ref());
        is_needed && !(field.0 == RELEASE_DATE && is_restricted())
    })
}

/// The fields that rules use, as they are named in documents: `genres` for `genres.id`.
pub(crate) fn fields_of(rules: &LabelRules) -> BTreeSet<String> {
    let fields = rules.iter().flat_map(|rule| {
        let queried = rule.query.iter().flat_map(Query::fields).map(|used| used.field.as_str());
        let end = rule.validity.end.as_ref().filter(|_| !ends_after_release(rule)).map(End::field);
        queried.chain(rule.validity.from.as_deref()).chain(end)
    });
    let whole = |field: &str| field.split('.').next().unwrap_or(field).to_owned();
    fields.map(whole).collect()
}

fn ends_after_release(rule: &LabelRule) -> bool {
    matches!(&rule.validity.end, Some(End::Within { field, .. }) if field == RELEASE_DATE)
}
