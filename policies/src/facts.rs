//! What a decision knows about a resource: its labels, and when they are active. A film's `access`
//! object is read exactly as Elasticsearch reads it.

mod document;
mod inactive;
mod instant;
mod json;
mod uncertain;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;
use smallvec::SmallVec;

use self::instant::instant;
use crate::names::Label;

pub use self::document::{ACCESS_FIELDS, access_of_document};
pub use self::inactive::{InactiveLabel, inactive_labels};
pub use self::json::{access_from_json, with_lone_surrogates_replaced};
pub(crate) use self::uncertain::{is_uncertain, starts_uncertain, uncertain};

/// The labels of a resource that are active now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    pub(crate) kind: Kind<'a>,
    /// Whether the text of a label in the index is uncertain.
    pub(crate) uncertain: bool,
    /// The next second at which the validity period of a label begins or ends.
    pub(crate) next_change: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Labelled(SmallVec<[Cow<'a, str>; 4]>),
    /// `access` was sent, but it is unreadable or the labeler has not written it.
    Unlabelled,
    /// Neither labels nor `access` were sent.
    Missing,
}

impl<'a> Facts<'a> {
    /// Labels stated by the caller, all of them active; an empty list is valid.
    pub fn labels(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let labels = labels.into_iter().map(Cow::Borrowed).collect();
        Self { kind: Kind::Labelled(labels), ..Self::missing() }
    }

    /// Neither labels nor `access` were sent: a film counts as unlabelled, any other resource has no
    /// labels.
    #[must_use]
    pub fn missing() -> Self {
        Self { kind: Kind::Missing, uncertain: false, next_change: None }
    }

    /// The `access` value of a document, of any shape. `time_bound` are the labels with a validity
    /// period, evaluated at `now`. Read `access` from JSON text with [`crate::access_from_json`].
    #[must_use]
    pub fn access(access: &'a Value, time_bound: &[Label], now: DateTime<Utc>) -> Self {
        read(access, time_bound, now.timestamp())
            .unwrap_or(Self { kind: Kind::Unlabelled, ..Self::missing() })
    }

    /// The labels that are active; none if the resource counts as unlabelled.
    #[must_use]
    pub fn active(&self) -> &[Cow<'a, str>] {
        match &self.kind {
            Kind::Labelled(labels) => labels,
            Kind::Unlabelled | Kind::Missing => &[],
        }
    }
}

/// `None` if `access` is unreadable or the labeler has not written it.
fn read<'a>(access: &'a Value, time_bound: &[Label], now: i64) -> Option<Facts<'a>> {
    if dates(access, &["labelled_at"])?.is_empty() {
        return None;
    }
    let mut labels: SmallVec<[Cow<str>; 4]> = SmallVec::new();
    for_each(access, &["labels"], &mut |value| {
        labels.push(keyword(value)?);
        Some(())
    })?;
    let mut changes = Vec::new();
    for label in time_bound {
        let until = dates(access, &["until", label.as_str()])?;
        let from = dates(access, &["from", label.as_str()])?;
        if !labels.iter().any(|l| l == label.as_str()) {
            continue;
        }
        changes.extend(until.iter().chain(&from).copied().filter(|&second| second > now));
        // Several values, as a search sees them: one past end, or one future start, is enough.
        let inactive = until.iter().any(|&t| t <= now) || from.iter().any(|&t| t > now);
        if inactive {
            labels.retain(|l| l != label.as_str());
        }
    }
    let next_change = changes.into_iter().min().and_then(|t| DateTime::from_timestamp(t, 0));
    let uncertain = labels.iter().any(|label| is_uncertain(label));
    Some(Facts { kind: Kind::Labelled(labels), uncertain, next_change })
}

/// Visits every value at a path. As in a search, an array at any step stands for its items, null for
/// no value, and a key with dots for several steps. `None` if `visit` returns it, or if the value at a
/// step is an object where a value is expected or the reverse.
fn for_each<'a>(
    value: &'a Value,
    path: &[&str],
    visit: &mut impl FnMut(&'a Value) -> Option<()>,
) -> Option<()> {
    match (value, path) {
        (Value::Null, _) => Some(()),
        (Value::Array(items), _) => items.iter().try_for_each(|item| for_each(item, path, visit)),
        (Value::Object(fields), [_, ..]) => fields.iter().try_for_each(|(key, value)| {
            below(key, path).map_or(Some(()), |path| for_each(value, path, visit))
        }),
        (Value::Object(_), []) | (_, [_, ..]) => None,
        (value, []) => visit(value),
    }
}

/// The rest of the path below a key, if the key is on it. Elasticsearch ignores dots at its end.
fn below<'p>(key: &str, path: &'p [&'p str]) -> Option<&'p [&'p str]> {
    key.trim_end_matches('.').split('.').try_fold(path, |path, step| match path {
        [first, rest @ ..] if *first == step => Some(rest),
        _ => None,
    })
}

/// The indexed text of a label, or one of its spellings; `None` if the value is none.
fn keyword(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The values of a field with [`crate::mapping::INSTANT_FORMAT`], in Unix seconds; `None` if one is not
/// a date.
fn dates(access: &Value, path: &[&str]) -> Option<SmallVec<[i64; 2]>> {
    let mut seconds = SmallVec::new();
    for_each(access, path, &mut |value| {
        seconds.push(instant(value.as_str()?)?);
        Some(())
    })?;
    Some(seconds)
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "JSON literals read better without a `&`")]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-06-01T12:00:00Z";

    fn facts(access: Value) -> Option<(Vec<String>, Option<String>)> {
        let time_bound = [Label::parse("new").unwrap()];
        let now = NOW.parse().unwrap();
        let facts = Facts::access(&access, &time_bound, now);
        let Kind::Labelled(labels) = facts.kind else { return None };
        let change =
            facts.next_change.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        Some((labels.iter().map(ToString::to_string).collect(), change))
    }

    fn with(access: Value) -> Value {
        json!([{ "labelled_at": "2026-01-01T00:00:00Z" }, access])
    }

    #[test]
    fn unusual_but_readable_access_is_read_as_elasticsearch_reads_it() {
        let labels = |access| facts(with(access)).unwrap().0;
        assert_eq!(labels(json!({"labels": "adult"})), ["adult"]);
        assert_eq!(
            labels(json!({"labels": [1, true, null, "x", ["y"], "x"]})),
            ["1", "true", "x", "y", "x"]
        );
        assert_eq!(labels(json!([{"labels": "x"}, null, {"labels": ["y"]}])), ["x", "y"]);
        assert!(labels(json!({})).is_empty());
        assert!(labels(json!({"labels": null, "until": null})).is_empty());
    }

    #[test]
    fn unreadable_access_counts_as_unlabelled() {
        for access in [
            json!(null),
            json!("x"),
            json!([]),
            json!({"labels": ["new"]}),
            json!({"labelled_at": null}),
            json!({"labelled_at": 5}),
            json!({"labelled_at": "soon"}),
        ] {
            assert_eq!(facts(access.clone()), None, "{access}");
        }
        for access in [
            json!({"labels": {}}),
            json!({"until": ["x"]}),
            json!({"until": "x"}),
            json!({"until": {"new": 5}}),
            json!({"from": {"new": "2026-01-01T00:00:00.5Z"}}),
        ] {
            assert_eq!(facts(with(access.clone())), None, "{access}");
        }
    }

    #[test]
    fn numbers_with_several_spellings_are_uncertain() {
        for (label, uncertain) in
            [(json!(1.5), true), (json!("Infinity"), true), (json!(0), true), (json!(7), false)]
        {
            let access = with(json!({ "labels": ["x", label] }));
            let facts = Facts::access(&access, &[], NOW.parse().unwrap());
            assert_eq!((facts.active().len(), facts.uncertain), (2, uncertain), "{label}");
        }
    }

    #[test]
    fn keys_with_dots_are_read_as_elasticsearch_reads_them() {
        let ended = json!({"labels": ["new"], "until": {"new": "2020-01-01T00:00:00Z"}});
        for access in [
            json!({"labels.": ["new"], "until.new": "2020-01-01T00:00:00Z"}),
            json!([{"labels": "new"}, {"until.new.": ["2020-01-01T00:00:00Z"]}]),
            json!({"labels": ["new"], "until": {"new.": "2020-01-01T00:00:00Z"}}),
        ] {
            assert_eq!(facts(with(access.clone())), facts(with(ended.clone())), "{access}");
        }
        let active = json!({"labels": ["new"], "until.newer": "2020-01-01T00:00:00Z"});
        assert_eq!(facts(with(active)).unwrap().0, ["new"]);
        assert_eq!(facts(with(json!({"until.new": {}}))), None);
    }

    #[test]
    fn a_label_is_active_within_its_validity_period() {
        let at = |until: Value, from: Value| {
            facts(with(json!({"labels": ["new", "adult"], "until": {"new": until, "adult": "2020-01-01T00:00:00Z"},
                "from": {"new": from}}))).unwrap()
        };
        let active = vec!["new".to_owned(), "adult".to_owned()];
        let inactive = vec!["adult".to_owned()];
        assert_eq!(at(json!(null), json!(null)), (active.clone(), None));
        assert_eq!(at(json!(NOW), json!(null)), (inactive.clone(), None));
        assert_eq!(
            at(json!("2026-06-01T12:00:01Z"), json!(NOW)),
            (active, Some("2026-06-01T12:00:01Z".into()))
        );
        assert_eq!(
            at(json!(null), json!("2026-06-01T12:00:01Z")),
            (inactive.clone(), Some("2026-06-01T12:00:01Z".into()))
        );
        assert_eq!(
            at(json!(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]), json!(null)).0,
            inactive
        );
    }
}
