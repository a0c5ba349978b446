//! Labels of a document that do not count at a time.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{dates, for_each, keyword};
use crate::names::Label;

/// A label of a document outside its validity period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InactiveLabel {
    /// The label.
    pub label: Label,
    /// The start of its validity period.
    pub from: Option<DateTime<Utc>>,
    /// The end of its validity period.
    pub until: Option<DateTime<Utc>>,
}

/// The labels in the `access` value of a document that are not active at `now`; none if it counts as unlabelled.
/// Arguments as of [`super::Facts::access`].
#[must_use]
pub fn inactive_labels(
    access: &Value,
    time_bound: &[Label],
    now: DateTime<Utc>,
) -> Vec<InactiveLabel> {
    read(access, time_bound, now.timestamp()).unwrap_or_default()
}

fn read(access: &Value, time_bound: &[Label], now: i64) -> Option<Vec<InactiveLabel>> {
    if dates(access, &["labelled_at"])?.is_empty() {
        return None;
    }
    let mut inactive = Vec::new();
    for label in time_bound {
        let mut is_present = false;
        for_each(access, &["labels"], &mut |value| {
            is_present |= keyword(value)? == label.as_str();
            Some(())
        })?;
        // Of several values, one past end or one future start is enough.
        let until = dates(access, &["until", label.as_str()])?.into_iter().min();
        let from = dates(access, &["from", label.as_str()])?.into_iter().max();
        if is_present && (until.is_some_and(|t| t <= now) || from.is_some_and(|t| t > now)) {
            let time = |second: Option<i64>| DateTime::from_timestamp(second?, 0);
            let (from, until) = (time(from), time(until));
            inactive.push(InactiveLabel { label: label.clone(), from, until });
        }
    }
    Some(inactive)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Facts;
    use super::*;

    #[test]
    fn every_label_is_either_active_or_inactive() {
        let time_bound = ["new", "soon", "old"].map(|label| Label::parse(label).unwrap());
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let access = json!({
            "labelled_at": "2026-01-01T00:00:00Z", "labels": ["new", "soon", "adult"],
            "until": { "new": "2026-06-01T12:00:00Z", "old": "2020-01-01T00:00:00Z" },
            "from": { "new": "2026-01-01T00:00:00Z", "soon": ["2026-07-01T00:00:00Z", null] },
        });
        let inactive = inactive_labels(&access, &time_bound, now);
        let names: Vec<&str> = inactive.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(names, ["new", "soon"]);
        assert_eq!((inactive[0].until, inactive[1].until), (Some(now), None));
        assert_eq!(inactive[1].from, "2026-07-01T00:00:00Z".parse().ok());
        assert_eq!(Facts::access(&access, &time_bound, now).active(), ["adult"]);
        let before = now - chrono::TimeDelta::seconds(1);
        assert_eq!(inactive_labels(&access, &time_bound, before).len(), 1);
        assert_eq!(inactive_labels(&json!({ "labels": ["new"] }), &time_bound, now), []);
    }
}
