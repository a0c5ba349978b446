//! Elasticsearch queries for the films on which a label is active at one instant: what a run will find, without
//! reading every film.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};

use super::validity::midnight;
use super::{End, LabelRule, LabelRules, Period};
use crate::names::Label;

impl LabelRules {
    /// For each label a query for the films on which it is active at `now`. It differs from the evaluation
    /// of a film in one case: dates in the wrong order.
    #[must_use]
    pub fn active_queries(&self, now: DateTime<Utc>) -> Vec<(&Label, Value)> {
        let mut known: BTreeMap<&Label, Active> = BTreeMap::new();
        for rule in self.iter() {
            known.insert(&rule.name, active(rule, &known, now));
        }
        known.into_iter().map(|(label, active)| (label, active.possibly)).collect()
    }
}

/// The films on which a label is active: those on which it may be, and those on which it certainly is.
struct Active {
    possibly: Value,
    certainly: Value,
}

fn active(rule: &LabelRule, known: &BTreeMap<&Label, Active>, now: DateTime<Utc>) -> Active {
    let query = rule.query.iter().map(|query| query.json().clone());
    let mut possibly: Vec<Value> = query.collect();
    let mut certainly = possibly.clone();
    for (field, range) in bounds(rule, now) {
        let range = json!({ "range": { field: range } });
        let missing = json!({ "bool": { "must_not": [{ "exists": { "field": field } }] } });
        possibly.push(any(&[range.clone(), missing]));
        certainly.push(range);
    }
    let parts = |labels: &[Label]| labels.iter().filter_map(|label| known.get(label)).collect();
    let all: Vec<&Active> = parts(&rule.all_of);
    possibly.extend(all.iter().map(|part| part.possibly.clone()));
    certainly.extend(all.iter().map(|part| part.certainly.clone()));
    let some: Vec<&Active> = parts(&rule.any_of);
    if !some.is_empty() {
        possibly.push(any(&some.iter().map(|part| part.possibly.clone()).collect::<Vec<_>>()));
        certainly.push(any(&some.iter().map(|part| part.certainly.clone()).collect::<Vec<_>>()));
    }
    let none: Vec<&Active> = parts(&rule.none_of);
    let not = |queries: Vec<Value>| json!({ "bool": { "must_not": queries } });
    if !none.is_empty() {
        possibly.push(not(none.iter().map(|part| part.certainly.clone()).collect()));
        certainly.push(not(none.iter().map(|part| part.possibly.clone()).collect()));
    }
    let every = |queries: Vec<Value>| json!({ "bool": { "filter": queries } });
    Active { possibly: every(possibly), certainly: every(certainly) }
}

fn any(queries: &[Value]) -> Value {
    json!({ "bool": { "should": queries, "minimum_should_match": 1 } })
}

/// The ranges of dates with which the validity period of a rule includes `now`.
fn bounds(rule: &LabelRule, now: DateTime<Utc>) -> Vec<(&str, Value)> {
    let from = rule.validity.from.as_deref().map(|field| (field, "lte", now));
    let end = rule.validity.end.as_ref().map(|end| match end {
        End::Within { field, period } => (field.as_str(), "gte", midnight(first_day(*period, now))),
        End::Field(field) => (field.as_str(), "gt", now),
    });
    let bounds = from.into_iter().chain(end);
    bounds
        .map(|(field, bound, instant)| {
            (field, json!({ bound: instant.timestamp_millis(), "format": "epoch_millis" }))
        })
        .collect()
}

/// The first day that is less than a period before `now`: the label of a film with this date still lasts.
fn first_day(period: Period, now: DateTime<Utc>) -> NaiveDate {
    let today = now.date_naive();
    let lasts = |day: &NaiveDate| period.after(*day).is_none_or(|end| end > today);
    let mut day = period.before(today).unwrap_or(NaiveDate::MIN);
    // Months have different lengths, so the way back misses the day by some.
    day = day.checked_sub_days(Days::new(4)).unwrap_or(day);
    day.iter_days().find(lasts).unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_the_earliest_with_which_the_label_lasts() {
        for period in ["P3Y", "P1M", "P1M1D", "P6M", "P1D", "P1Y2M30D", "P9999Y"] {
            let period: Period = period.parse().unwrap();
            for today in ["2024-02-29", "2025-02-28", "2025-03-01", "2025-03-31", "2026-12-31"] {
                let today: NaiveDate = today.parse().unwrap();
                let first = first_day(period, midnight(today));
                assert!(period.after(first).unwrap() > today, "{period} {today}");
                assert!(
                    period.after(first.pred_opt().unwrap()).unwrap() <= today,
                    "{period} {today}"
                );
            }
        }
    }
}
