//! What is known about a resource when a question about it is asked: its labels, and when they
//! count. Reads a film's `access` object as Elasticsearch reads it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;
use smallvec::SmallVec;

use crate::names::Label;

/// Labels that count now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    pub(crate) kind: Kind<'a>,
    /// The next second at which a window of a windowed label begins or ends.
    pub(crate) next_edge: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Labelled(SmallVec<[Cow<'a, str>; 4]>),
    /// `access` was sent, but the labeler has not been there, or it can't be read.
    Unlabelled,
    /// Neither labels nor `access` were sent.
    Missing,
}

impl<'a> Facts<'a> {
    /// Labels as the caller states them, all of which count; none is fine.
    pub fn labels(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let labels = labels.into_iter().map(Cow::Borrowed).collect();
        Self { kind: Kind::Labelled(labels), next_edge: None }
    }

    /// Nothing was said about labels. A film counts as unlabelled then; anything else has none.
    #[must_use]
    pub fn missing() -> Self {
        Self { kind: Kind::Missing, next_edge: None }
    }

    /// The `access` of a document, whatever it is; `windowed` are the labels with a window.
    ///
    /// What a search reads differently, and no labeler writes: keys spelled with dots
    /// (`"until.new"`), dates with the name of a time zone for an offset, and numbers with a
    /// fraction or an exponent, of which JSON keeps the value but a search the spelling. The last
    /// two count as unlabelled here.
    #[must_use]
    pub fn access(access: &'a Value, windowed: &[Label], now: DateTime<Utc>) -> Self {
        read(access, windowed, now.timestamp())
            .unwrap_or(Self { kind: Kind::Unlabelled, next_edge: None })
    }
}

/// None: it can't be read, or the labeler has not been there.
fn read<'a>(access: &'a Value, windowed: &[Label], now: i64) -> Option<Facts<'a>> {
    if dates(access, &["labelled_at"])?.is_empty() {
        return None;
    }
    let mut labels = SmallVec::new();
    each(access, &["labels"], &mut |value| {
        labels.push(keyword(value)?);
        Some(())
    })?;
    let mut edges = Vec::new();
    for label in windowed {
        let until = dates(access, &["until", label.as_str()])?;
        let from = dates(access, &["from", label.as_str()])?;
        if !labels.iter().any(|l| l == label.as_str()) {
            continue;
        }
        edges.extend(until.iter().chain(&from).copied().filter(|&edge| edge > now));
        // As a search sees several values: one that is over, or one to come, is enough.
        let over = until.iter().any(|&t| t <= now) || from.iter().any(|&t| t > now);
        if over {
            labels.retain(|l| l != label.as_str());
        }
    }
    let next_edge = edges.into_iter().min().and_then(|t| DateTime::from_timestamp(t, 0));
    Some(Facts { kind: Kind::Labelled(labels), next_edge })
}

/// Every value at a path. As in a search a list counts as its items, at every step, and null as
/// nothing. None: `leaf` gave none, or there is an object for a value or a value for an object.
fn each<'a>(
    value: &'a Value,
    path: &[&str],
    leaf: &mut impl FnMut(&'a Value) -> Option<()>,
) -> Option<()> {
    match (value, path) {
        (Value::Null, _) => Some(()),
        (Value::Array(items), _) => items.iter().try_for_each(|item| each(item, path, leaf)),
        (Value::Object(fields), [key, rest @ ..]) => {
            fields.get(*key).map_or(Some(()), |value| each(value, rest, leaf))
        }
        (Value::Object(_), []) | (_, [_, ..]) => None,
        (value, []) => leaf(value),
    }
}

/// The text of a keyword field's value.
fn keyword(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if number.is_f64() => None,
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Values of a `strict_date_time_no_millis` field, in seconds. None: not dates.
fn dates(access: &Value, path: &[&str]) -> Option<SmallVec<[i64; 2]>> {
    let mut seconds = SmallVec::new();
    each(access, path, &mut |value| {
        seconds.push(date(value.as_str()?)?);
        Some(())
    })?;
    Some(seconds)
}

/// `2028-03-01T00:00:00Z`: four digits of year, whole seconds, and an offset: `Z`, `+01`, `+0100`
/// or `+01:00`.
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
        let windowed = [Label::parse("new").unwrap()];
        let now = NOW.parse().unwrap();
        let facts = Facts::access(&access, &windowed, now);
        let Kind::Labelled(labels) = facts.kind else { return None };
        let edge = facts.next_edge.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        Some((labels.iter().map(ToString::to_string).collect(), edge))
    }

    fn with(access: Value) -> Value {
        json!([{ "labelled_at": "2026-01-01T00:00:00Z" }, access])
    }

    #[test]
    fn odd_but_readable_access_is_read_as_a_search_reads_it() {
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
    fn what_can_not_be_read_counts_as_unlabelled() {
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
    fn dates_are_those_that_a_search_takes() {
        for good in ["T12:00:00Z", "T13:00:00+01", "T13:00:00+0100", "T11:30:00-00:30"] {
            assert_eq!(date(&format!("2026-06-01{good}")), Some(1_780_315_200), "{good}");
        }
        for bad in
            ["", " T12:00:00Z", "T12:00:00", "T12:00:00z", "T12:00:00.5Z", "t12:00:00Z", "T12:00Z"]
        {
            assert_eq!(date(&format!("2026-06-01{bad}")), None, "{bad}");
        }
        for bad in ["02026-06-01T12:00:00Z", "+12026-06-01T12:00:00Z", "26-06-01T12:00:00Z"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_label_counts_inside_its_window() {
        let at = |until: Value, from: Value| {
            facts(with(json!({"labels": ["new", "adult"], "until": {"new": until, "adult": "2020-01-01T00:00:00Z"},
                "from": {"new": from}}))).unwrap()
        };
        let on = vec!["new".to_owned(), "adult".to_owned()];
        let off = vec!["adult".to_owned()];
        assert_eq!(at(json!(null), json!(null)), (on.clone(), None));
        assert_eq!(at(json!(NOW), json!(null)), (off.clone(), None));
        assert_eq!(
            at(json!("2026-06-01T12:00:01Z"), json!(NOW)),
            (on, Some("2026-06-01T12:00:01Z".into()))
        );
        assert_eq!(
            at(json!(null), json!("2026-06-01T12:00:01Z")),
            (off.clone(), Some("2026-06-01T12:00:01Z".into()))
        );
        assert_eq!(at(json!(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]), json!(null)).0, off);
    }
}
