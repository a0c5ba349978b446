//! The `access` of a film: what it should say, and whether it says so already.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use policies::label_rules::{LabelRule, Within};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    clock,
    hit::{Hit, Text},
    plan::Plan,
};

/// The labels that a film should carry, in order of name, each with the end of its window if it has one.
pub(crate) type Wanted<'p> = Vec<(&'p str, Option<String>)>;

/// `access` as the labeler writes it; a film whose `access` has another form is written anew.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
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

pub(crate) fn wanted<'p>(plan: &'p Plan, film: &Hit<'_>) -> Wanted<'p> {
    plan.rules
        .iter()
        .filter_map(|rule| Some((rule.name.as_str(), carried(plan, rule, film)?)))
        .collect()
}

/// `None` when the film doesn't carry the label, else the end of the window, if there is one.
fn carried(plan: &Plan, rule: &LabelRule, film: &Hit<'_>) -> Option<Option<String>> {
    if rule.query.is_some() && !film.matched(rule.name.as_str()) {
        return None;
    }
    let end = rule.within.as_ref().and_then(|within| within.until(latest_date(within, film)?));
    match end {
        Some(end) if end <= plan.now => None,
        end => Some(end.map(clock::text)),
    }
}

/// The film's date for a window; of several the latest, which keeps the label longest.
fn latest_date(within: &Within, film: &Hit<'_>) -> Option<NaiveDate> {
    let (_, dates) = film.fields.iter().find(|(field, _)| field.0 == within.field)?;
    dates.iter().filter_map(|date| day(&date.0)).max()
}

/// The UTC day of a text in milliseconds since 1970; a date in nanoseconds has a fraction.
fn day(millis: &str) -> Option<NaiveDate> {
    let (millis, _) = millis.split_once('.').unwrap_or((millis, ""));
    Some(DateTime::from_timestamp_millis(millis.parse().ok()?)?.date_naive())
}

/// Whether the film says already what it should, under these rules.
pub(crate) fn is_current(plan: &Plan, film: &Hit<'_>, wanted: &Wanted<'_>) -> bool {
    let Some(stored) = stored(film) else { return false };
    let labels = stored.labels.iter().map(|label| label.0.as_ref());
    let until =
        stored.until.iter().filter_map(|(label, end)| Some((label.0.as_ref(), end.as_ref()?)));
    let wanted_until = wanted.iter().filter_map(|(label, end)| Some((*label, end.as_ref()?)));
    stored.rules.0 == plan.hash
        && labels.eq(wanted.iter().map(|(label, _)| *label))
        && until
            .map(|(label, end)| (label, end.0.as_ref()))
            .eq(wanted_until.map(|(l, e)| (l, e.as_str())))
        && stored.from.values().all(Option::is_none)
        && dotted(film).next().is_none()
}

fn stored<'a>(film: &Hit<'a>) -> Option<Stored<'a>> {
    serde_json::from_str(access(film)?.get()).ok()
}

fn access<'a>(film: &Hit<'a>) -> Option<&'a RawValue> {
    film.source.iter().find(|(key, _)| key.0 == "access").map(|(_, value)| *value)
}

/// Keys such as `access.labels` beside `access`, which Elasticsearch adds to it.
pub(crate) fn dotted<'h>(film: &'h Hit<'_>) -> impl Iterator<Item = &'h str> {
    let stray = film.source.iter().filter(|(_, value)| value.get() != "null");
    stray.map(|(key, _)| key.0.as_ref()).filter(|key| key.starts_with("access."))
}

/// What a film carries today, as far as it can be read.
pub(crate) struct Existing(Value);

impl Existing {
    pub(crate) fn of(film: &Hit<'_>) -> Self {
        Self(access(film).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default())
    }

    pub(crate) fn labels(&self) -> Vec<&str> {
        match self.0.get("labels") {
            Some(Value::Array(labels)) => labels.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(label)) => vec![label],
            _ => Vec::new(),
        }
    }

    /// Keys of an object inside `access` (`until`, `from`) that hold something.
    pub(crate) fn keys(&self, object: &str) -> impl Iterator<Item = &str> {
        filled(self.0.get(object))
    }

    /// Keys of `access` that the labeler doesn't know, such as `until.new`.
    pub(crate) fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        let known = ["labels", "until", "from", "rules", "labelled_at"];
        filled(Some(&self.0)).filter(move |key| !known.contains(key))
    }
}

fn filled(object: Option<&Value>) -> impl Iterator<Item = &str> {
    let object = object.and_then(Value::as_object).into_iter().flatten();
    object.filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str())
}
