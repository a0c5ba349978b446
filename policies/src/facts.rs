//! What a decision knows about a resource: its labels, and when they are active. A film's `access`
//! object is read exactly as Elasticsearch reads it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;
use smallvec::SmallVec;

use crate::names::Label;

/// The labels of a resource that are active now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    pub(crate) kind: Kind<'a>,
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
        Self { kind: Kind::Labelled(labels), next_change: None }
    }

    /// Neither labels nor `access` were sent: a film counts as unlabelled, any other resource has no
    /// labels.
    #[must_use]
    pub fn missing() -> Self {
        Self { kind: Kind::Missing, next_change: None }
    }

    /// The `access` value of a document, of any shape. `time_bound` are the labels with a validity
    /// period, evaluated at `now`.
    ///
    /// Elasticsearch differs in three cases, none of which the labeler writes: keys with dots
    /// (`"until.new"`), dates whose offset is the name of a time zone, and numbers with a fraction
    /// or exponent, of which JSON keeps the value and Elasticsearch the spelling. The last two count
    /// as unlabelled here.
    #[must_use]
    pub fn access(access: &'a Value, time_bound: &[Label], now: DateTime<Utc>) -> Self {
        read(access, time_bound, now.timestamp())
            .unwrap_or(Self { kind: Kind::Unlabelled, next_change: None })
    }
}

/// `None` if `access` is unreadable or the labeler has not written it.
fn read<'a>(access: &'a Value, time_bound: &[Label], now: i64) -> Option<Facts<'a>> {
    if dates(access, &["labelled_at"])?.is_empty() {
        return None;
    }
    let mut labels = SmallVec::new();
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
    Some(Facts { kind: Kind::Labelled(labels), next_change })
}

/// Visits every value at a path. As in a search, an array at any step stands for its items, and null
/// for no value. `None` if `visit` returns it, or if the value at a step is an object where a value
/// is expected or the reverse.
fn for_each<'a>(
    value: &'a Value,
    path: &[&str],
    visit: &mut impl FnMut(&'a Value) -> Option<()>,
) -> Option<()> {
    match (value, path) {
        (Value::Null, _) => Some(()),
        (Value::Array(items), _) => items.iter().try_for_each(|item| for_each(item, path, visit)),
        (Value::Object(fields), [key, rest @ ..]) => {
            fields.get(*key).map_or(Some(()), |value| for_each(value, rest, visit))
        }
        (Value::Object(_), []) | (_, [_, ..]) => None,
        (value, []) => visit(value),
    }
}

/// The indexed text of a `keyword` value; `None` for a value that is not indexed the way it is read
/// here.
fn keyword(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if number.is_f64() => None,
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The values of a `strict_date_time_no_millis` field, in Unix seconds; `None` if one is not a date.
fn dates(access: &Value, path: &[&str]) -> Option<SmallVec<[i64; 2]>> {
    let mut seconds = SmallVec::new();
    for_each(access, path, &mut |value| {
        seconds.push(date(value.as_str()?)?);
        Some(())
    })?;
    Some(seconds)
}

/// Parses `2028-03-01T00:00:00Z`: a four-digit year, whole seconds, and one of the offsets `Z`,
/// `+01`, `+0100` or `+01:00`.
fn date(text: &str) -> Option<i64> {
    let strict =
        text.is_ascii() && !text.contains([' ', 'z']) && text.as_bytes().get(4) == Some(&b'-');
    let read = |text| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%#z").ok();
    read(text).filter(|_| strict).map(|at| at.timestamp())
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
            json!({"labels": [1.5]}),
            json!({"labels": [1e5]}),
            json!({"until": ["x"]}),
            json!({"until": "x"}),
            json!({"until": {"new": 5}}),
            json!({"from": {"new": "2026-01-01T00:00:00.5Z"}}),
        ] {
            assert_eq!(facts(with(access.clone())), None, "{access}");
        }
    }

    #[test]
    fn dates_are_accepted_as_elasticsearch_accepts_them() {
        for valid in ["T12:00:00Z", "T13:00:00+01", "T13:00:00+0100", "T11:30:00-00:30"] {
            assert_eq!(date(&format!("2026-06-01{valid}")), Some(1_780_315_200), "{valid}");
        }
        for invalid in
            ["", " T12:00:00Z", "T12:00:00", "T12:00:00z", "T12:00:00.5Z", "t12:00:00Z", "T12:00Z"]
        {
            assert_eq!(date(&format!("2026-06-01{invalid}")), None, "{invalid}");
        }
        for invalid in ["02026-06-01T12:00:00Z", "+12026-06-01T12:00:00Z", "26-06-01T12:00:00Z"] {
            assert_eq!(date(invalid), None, "{invalid}");
        }
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
