//! The `access` object of a film: the labels that it should have, and whether it is up to date.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use policies::access_from_json;
use policies::label_rules::{Dates, Interval};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    clock,
    extract::{Hit, Text},
    plan::Plan,
};

/// A label that a film should have.
#[derive(Debug)]
pub(crate) struct ExpectedLabel<'p> {
    pub(crate) label: &'p str,
    /// The start of its validity period, if any.
    pub(crate) from: Option<String>,
    /// The end of its validity period, if any.
    pub(crate) until: Option<String>,
}

/// `access` as the labeler writes it. A film whose `access` has any other form is rewritten.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAccess<'a> {
    #[serde(borrow)]
    labels: Vec<Text<'a>>,
    #[serde(borrow, default)]
    until: BTreeMap<Text<'a>, Option<Text<'a>>>,
    #[serde(borrow, default)]
    from: BTreeMap<Text<'a>, Option<Text<'a>>>,
    #[serde(borrow)]
    rules: Text<'a>,
    #[serde(borrow, rename = "labelled_at")]
    _labelled_at: Text<'a>,
}

/// The labels that a film should have, sorted by name.
pub(crate) fn expected_labels<'p>(plan: &'p Plan, film: &Hit<'_>) -> Vec<ExpectedLabel<'p>> {
    let labels = plan.rules.labels(
        plan.now,
        |label| film.matched(label.as_str()),
        |field| dates(film, field),
    );
    labels
        .into_iter()
        .map(|(label, Interval { from, until })| ExpectedLabel {
            label: label.as_str(),
            from: from.map(clock::text),
            until: until.map(clock::text),
        })
        .collect()
}

/// The earliest and the latest value of a date field. One that is out of range is no date.
fn dates(film: &Hit<'_>, field: &str) -> Option<Dates> {
    let (_, dates) = film.fields.iter().find(|(name, _)| name.0 == field)?;
    let dates = dates.iter().filter_map(|date| instant(&date.0));
    dates.map(|date| (date, date)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The instant of a number of milliseconds since 1970, which has a fraction for a date in nanoseconds.
fn instant(millis: &str) -> Option<DateTime<Utc>> {
    let (millis, _) = millis.split_once('.').unwrap_or((millis, ""));
    DateTime::from_timestamp_millis(millis.parse().ok()?)
}

/// Whether the film has exactly the expected labels already, written under the same rules.
pub(crate) fn is_up_to_date(plan: &Plan, film: &Hit<'_>, expected: &[ExpectedLabel<'_>]) -> bool {
    let matches = |access: &str| {
        let stored: Option<StoredAccess<'_>> = serde_json::from_str(access).ok();
        stored.map(|stored| stored.matches(plan, expected))
    };
    let Some(access) = access(film).map(RawValue::get) else { return false };
    let matches = matches(access).or_else(|| matches(&without_nulls(access)?));
    matches.unwrap_or(false) && dotted_keys(film).next().is_none()
}

impl StoredAccess<'_> {
    fn matches(&self, plan: &Plan, expected: &[ExpectedLabel<'_>]) -> bool {
        let labels = self.labels.iter().map(|label| label.0.as_ref());
        let from = expected.iter().filter_map(|e| Some((e.label, e.from.as_deref()?)));
        let until = expected.iter().filter_map(|e| Some((e.label, e.until.as_deref()?)));
        self.rules.0 == plan.hash
            && labels.eq(expected.iter().map(|expected| expected.label))
            && instants(&self.from).eq(from)
            && instants(&self.until).eq(until)
    }
}

/// The entries of `from` or `until` that are not null.
fn instants<'a>(
    entries: &'a BTreeMap<Text<'_>, Option<Text<'_>>>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    entries.iter().filter_map(|(label, instant)| Some((&*label.0, &*instant.as_ref()?.0)))
}

/// `access` without the nulls that an earlier run left under unknown keys such as `until.new`.
fn without_nulls(access: &str) -> Option<String> {
    let mut access: serde_json::Map<String, Value> = serde_json::from_str(access).ok()?;
    access.retain(|_, value| !value.is_null());
    serde_json::to_string(&access).ok()
}

fn access<'a>(film: &Hit<'a>) -> Option<&'a RawValue> {
    film.source.iter().find(|(key, _)| key.0 == "access").map(|(_, value)| *value)
}

/// Whether the film has no `access` at all, so that it counts as unlabelled.
pub(crate) fn is_absent(film: &Hit<'_>) -> bool {
    access(film).is_none_or(|access| access.get() == "null") && dotted_keys(film).next().is_none()
}

/// Keys such as `access.labels` next to `access`, which Elasticsearch merges into it.
pub(crate) fn dotted_keys<'h>(film: &'h Hit<'_>) -> impl Iterator<Item = &'h str> {
    let stray = film.source.iter().filter(|(_, value)| value.get() != "null");
    stray.map(|(key, _)| key.0.as_ref()).filter(|key| key.starts_with("access."))
}

/// The current `access` of a film, as far as it is readable.
pub(crate) struct CurrentAccess(pub(crate) Value);

impl CurrentAccess {
    pub(crate) fn of(film: &Hit<'_>) -> Self {
        Self(access(film).map(|raw| access_from_json(raw.get())).unwrap_or_default())
    }

    pub(crate) fn labels(&self) -> Vec<&str> {
        match self.0.get("labels") {
            Some(Value::Array(labels)) => labels.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(label)) => vec![label],
            _ => Vec::new(),
        }
    }

    /// Keys of an object within `access` (`until`, `from`) with a value other than null.
    pub(crate) fn keys(&self, object: &str) -> impl Iterator<Item = &str> {
        non_null_keys(self.0.get(object))
    }

    /// Keys of `access` that the labeler does not write, such as `until.new`.
    pub(crate) fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        let known = ["labels", "until", "from", "rules", "labelled_at"];
        non_null_keys(Some(&self.0)).filter(move |key| !known.contains(key))
    }
}

fn non_null_keys(object: Option<&Value>) -> impl Iterator<Item = &str> {
    let object = object.and_then(Value::as_object).into_iter().flatten();
    object.filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str())
}
