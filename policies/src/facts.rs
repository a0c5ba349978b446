//! What is known about a resource when a question about it is asked: its labels, and when they
//! count. Reads a film's `access` object as Elasticsearch reads it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
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

    /// The `access` object of a document, whatever it is; `windowed` are the labels with a window.
    #[must_use]
    pub fn access(access: &'a Value, windowed: &[Label], now: DateTime<Utc>) -> Self {
        let unlabelled = Self { kind: Kind::Unlabelled, next_edge: None };
        let Value::Object(access) = access else { return unlabelled };
        read(access, windowed, now.timestamp()).unwrap_or(unlabelled)
    }
}

/// None: it can't be read, or the labeler has not been there.
fn read<'a>(access: &'a Map<String, Value>, windowed: &[Label], now: i64) -> Option<Facts<'a>> {
    if dates(access.get("labelled_at"))?.is_empty() {
        return None;
    }
    let mut labels = SmallVec::new();
    keywords(access.get("labels").unwrap_or(&Value::Null), &mut labels)?;
    let (until, from) = (windows(access, "until")?, windows(access, "from")?);
    let mut edges = Vec::new();
    for label in windowed {
        let until = dates(until.and_then(|w| w.get(label.as_str())))?;
        let from = dates(from.and_then(|w| w.get(label.as_str())))?;
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

fn windows<'a>(
    access: &'a Map<String, Value>,
    side: &str,
) -> Option<Option<&'a Map<String, Value>>> {
    match access.get(side) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Object(windows)) => Some(Some(windows)),
        Some(_) => None,
    }
}

/// Values of a keyword field: one or a list, nested lists flattened, nulls passed over.
fn keywords<'a>(value: &'a Value, into: &mut SmallVec<[Cow<'a, str>; 4]>) -> Option<()> {
    match value {
        Value::Null => {}
        Value::String(text) => into.push(Cow::Borrowed(text)),
        Value::Number(number) => into.push(Cow::Owned(number.to_string())),
        Value::Bool(flag) => into.push(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Array(items) => items.iter().try_for_each(|item| keywords(item, into))?,
        Value::Object(_) => return None,
    }
    Some(())
}

/// Values of a `strict_date_time_no_millis` field in seconds: one or a list. None: not dates.
fn dates(value: Option<&Value>) -> Option<SmallVec<[i64; 2]>> {
    let mut seconds = SmallVec::new();
    collect_dates(value.unwrap_or(&Value::Null), &mut seconds)?;
    Some(seconds)
}

fn collect_dates(value: &Value, into: &mut SmallVec<[i64; 2]>) -> Option<()> {
    match value {
        Value::Null => Some(()),
        Value::String(text) => {
            into.push(date(text)?);
            Some(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| collect_dates(item, into)),
        _ => None,
    }
}

/// `2028-03-01T00:00:00Z`: four digits of year, whole seconds, an offset.
fn date(text: &str) -> Option<i64> {
    let separator = text.as_bytes().get(10);
    if separator != Some(&b'T') || text.contains('.') || text.contains('z') {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp())
}

#[cfg(test)]
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

    fn with(mut access: Value) -> Value {
        access["labelled_at"] = json!("2026-01-01T00:00:00Z");
        access
    }

    #[test]
    fn odd_but_readable_access_is_read_as_a_search_reads_it() {
        let labels = |access| facts(with(access)).unwrap().0;
        assert_eq!(labels(json!({"labels": "adult"})), ["adult"]);
        assert_eq!(
            labels(json!({"labels": [1, true, null, "x", ["y"], "x"]})),
            ["1", "true", "x", "y", "x"]
        );
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
            json!({"until": "x"}),
            json!({"until": {"new": 5}}),
            json!({"from": {"new": "2026-01-01T00:00:00.5Z"}}),
        ] {
            assert_eq!(facts(with(access.clone())), None, "{access}");
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
