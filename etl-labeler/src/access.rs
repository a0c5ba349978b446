//! The `access` of a film: what it should say, and whether it says so already.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use policies::label_rules::{LabelRule, ValidityPeriod};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    clock,
    hit::{Hit, Text},
    plan::Plan,
};

/// A label that a film should carry.
#[derive(Debug)]
pub(crate) struct Wanted<'p> {
    pub(crate) label: &'p str,
    /// The end of its window, if it has one.
    pub(crate) until: Option<String>,
}

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

/// The labels that a film should carry, in order of name.
pub(crate) fn wanted<'p>(plan: &'p Plan, film: &Hit<'_>) -> Vec<Wanted<'p>> {
    plan.rules.iter().filter_map(|rule| carried(plan, rule, film)).collect()
}

fn carried<'p>(plan: &Plan, rule: &'p LabelRule, film: &Hit<'_>) -> Option<Wanted<'p>> {
    let label = rule.name.as_str();
    if rule.query.is_some() && !film.matched(label) {
        return None;
    }
    let validity = rule.validity.as_ref();
    let end = validity.and_then(|validity| validity.until(latest_date(validity, film)?));
    match end {
        Some(end) if end <= plan.now => None,
        end => Some(Wanted { label, until: end.map(clock::text) }),
    }
}

/// The film's date for a window; of several the latest, which keeps the label longest.
fn latest_date(validity: &ValidityPeriod, film: &Hit<'_>) -> Option<NaiveDate> {
    let (_, dates) = film.fields.iter().find(|(field, _)| field.0 == validity.field)?;
    dates.iter().filter_map(|date| day(&date.0)).max()
}

/// The UTC day of a text in milliseconds since 1970; a date in nanoseconds has a fraction.
fn day(millis: &str) -> Option<NaiveDate> {
    let (millis, _) = millis.split_once('.').unwrap_or((millis, ""));
    Some(DateTime::from_timestamp_millis(millis.parse().ok()?)?.date_naive())
}

/// Whether the film says already what it should, under these rules.
pub(crate) fn is_current(plan: &Plan, film: &Hit<'_>, wanted: &[Wanted<'_>]) -> bool {
    let says_so = |access: &str| {
        let stored: Option<Stored<'_>> = serde_json::from_str(access).ok();
        stored.map(|stored| stored.agrees(plan, wanted))
    };
    let Some(access) = access(film).map(RawValue::get) else { return false };
    let agrees = says_so(access).or_else(|| says_so(&without_nulls(access)?));
    agrees.unwrap_or(false) && dotted(film).next().is_none()
}

impl Stored<'_> {
    fn agrees(&self, plan: &Plan, wanted: &[Wanted<'_>]) -> bool {
        let labels = self.labels.iter().map(|label| label.0.as_ref());
        let ends = self.until.iter();
        let until = ends.filter_map(|(label, end)| Some((&*label.0, &*end.as_ref()?.0)));
        let wanted_until = wanted.iter().filter_map(|w| Some((w.label, w.until.as_deref()?)));
        self.rules.0 == plan.hash
            && labels.eq(wanted.iter().map(|wanted| wanted.label))
            && until.eq(wanted_until)
            && self.from.values().all(Option::is_none)
    }
}

/// An earlier run has left nulls under keys that nobody knows, such as `until.new`.
fn without_nulls(access: &str) -> Option<String> {
    let mut access: serde_json::Map<String, Value> = serde_json::from_str(access).ok()?;
    access.retain(|_, value| !value.is_null());
    serde_json::to_string(&access).ok()
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
