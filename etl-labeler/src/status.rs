//! How far the films are labelled.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock,
    elastic::{Elastic, ElasticError},
    import::database::Position,
};

/// How far the films are labelled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Number of films.
    pub films: u64,
    /// Films without labels, which are closed to everyone whom the rules do not let see `unlabelled`.
    pub unlabelled_films: u64,
    /// Films whose labels come from other label rules.
    pub outdated_films: u64,
    /// When the oldest of those labels were written.
    pub oldest_outdated_at: Option<DateTime<Utc>>,
    /// Start of the last run that finished.
    pub last_success_at: Option<DateTime<Utc>>,
    /// How far the index follows a film database, if it does.
    pub sync: Option<Position>,
}

#[derive(Deserialize)]
struct Aggregations {
    unlabelled: Bucket,
    outdated: Outdated,
}

#[derive(Deserialize)]
struct Bucket {
    doc_count: u64,
}

#[derive(Deserialize)]
struct Outdated {
    doc_count: u64,
    oldest: Oldest,
}

#[derive(Deserialize)]
struct Oldest {
    value: Option<f64>,
}

impl Elastic {
    /// How far the films are labelled by the rules with this hash.
    pub(crate) async fn status(&self, rules: &str) -> Result<Status, ElasticError> {
        let (last_run, sync) = (self.last_run().await?, Position::stored(self).await?);
        let operation = "count unlabelled films";
        let outdated = json!({ "bool": {
            "filter": [{ "exists": { "field": "access.labelled_at" } }],
            "must_not": [{ "term": { "access.rules": rules } }],
        } });
        let oldest = json!({ "min": { "field": "access.labelled_at" } });
        let aggregations = json!({
            "unlabelled": { "missing": { "field": "access.labelled_at" } },
            "outdated": { "filter": outdated, "aggs": { "oldest": oldest } },
        });
        let found = self.aggregate::<Aggregations>(&aggregations, operation).await?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of an instant")]
        let instant = |millis: f64| DateTime::from_timestamp_millis(millis as i64);
        let Aggregations { unlabelled, outdated } = found.aggregations;
        Ok(Status {
            films: found.films,
            unlabelled_films: unlabelled.doc_count,
            outdated_films: outdated.doc_count,
            oldest_outdated_at: outdated.oldest.value.and_then(instant),
            last_success_at: last_run.and_then(|run| run.labelled_at.parse().ok()),
            sync,
        })
    }
}

impl Status {
    /// For the terminal, or as JSON, with the time at which a `run` with these settings labels next.
    #[must_use]
    pub fn report(&self, next_run: Option<DateTime<Utc>>, json: bool) -> String {
        if json {
            let mut report = json!(self);
            if let Some(report) = report.as_object_mut() {
                report.insert("next_run_at".to_owned(), json!(next_run));
            }
            if let (Some(sync), Some(position)) =
                (report.get_mut("sync").and_then(Value::as_object_mut), &self.sync)
            {
                sync.insert("next_full_at".to_owned(), json!(position.next_full_at()));
            }
            return format!("{report:#}\n");
        }
        let text = |at: Option<DateTime<Utc>>| at.map_or("never".to_owned(), clock::text);
        let oldest = self.oldest_outdated_at.map(clock::text);
        let oldest = oldest.map(|oldest| format!(", the oldest since {oldest}"));
        let mut rows = vec![
            ("films", self.films.to_string()),
            ("unlabelled, closed", self.unlabelled_films.to_string()),
            (
                "labelled by other rules",
                format!("{}{}", self.outdated_films, oldest.unwrap_or_default()),
            ),
            ("last finished run", text(self.last_success_at)),
            ("next run of the schedule", text(next_run)),
        ];
        if let Some(sync) = &self.sync {
            rows.extend([
                ("film database", sync.source.clone()),
                ("like it as of", clock::text(sync.at)),
                ("last full comparison", clock::text(sync.full_at)),
                ("next full comparison", text(sync.next_full_at())),
            ]);
        }
        let lines: Vec<_> =
            rows.into_iter().map(|(name, value)| format!("{name:<25} {value}\n")).collect();
        lines.concat()
    }
}
