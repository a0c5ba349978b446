//! Shows the changes that a run would make, without writing.

mod audience;
mod policy;
mod report;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use self::{
    audience::{Audience, AudienceError},
    policy::{PolicyServerError, PolicySource, PolicyText},
};
use crate::{
    LabelerError,
    elastic::Elastic,
    label::{FilmChange, LabelledPage},
    pipeline::Pages,
    plan::Plan,
    progress::Progress,
};

/// The changes that a run would make.
#[derive(Debug, Default, Serialize)]
pub struct Preview {
    /// Films in the index.
    films: u64,
    /// Films that a run would write: the sum of the next three.
    would_write: u64,
    /// Films that gain or lose a label.
    labels_changed: u64,
    /// Films with the same labels and other validity periods.
    periods_changed: u64,
    /// Films on which only the hash of the rules differs, or which have no `access` yet and get no label.
    stamps_only: u64,
    /// Films that stay unlabelled, because their `id` is missing or differs from `_id`.
    id_mismatches: u64,
    /// Films that stay unlabelled, because the import could not read a value that a label rule needs.
    unreadable: u64,
    /// By label.
    labels: BTreeMap<String, Change>,
    /// By role, with the roles that it inherits, and by the sets of roles that users have: who may read
    /// which films. Only with a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<BTreeMap<String, Change>>,
}

/// What films gain and lose a label, or what films a role gains and loses.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Change {
    gained: u64,
    lost: u64,
    /// How many films have the label afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
    /// How many users have exactly these roles, if auth-server was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<u64>,
    /// The first ids.
    gained_samples: Vec<String>,
    lost_samples: Vec<String>,
}

/// What a preview is about.
pub struct Options {
    /// Films read at a time.
    pub page_size: u16,
    /// Ids to show of each kind of change.
    pub samples: usize,
    /// The policy that says who may read films with which labels.
    pub audience: Option<Audience>,
}

impl Preview {
    /// Compares all films with `rules` as of `now`.
    ///
    /// # Errors
    /// As [`crate::pipeline::run`]: an invalid rule is reported in the same way.
    pub async fn new(
        elastic: &Elastic,
        rules: &LabelRules,
        options: &Options,
        now: DateTime<Utc>,
    ) -> Result<Self, LabelerError> {
        let plan = Plan::new(rules, now);
        elastic.check(&plan).await?;
        let all = json!({ "match_all": {} });
        let progress = Progress::films(elastic.count_matching(&all).await?);
        let mut preview = Self::default();
        for label in &plan.labels {
            preview.labels.insert(label.clone(), Change { after: Some(0), ..Change::default() });
        }
        if let Some(audience) = &options.audience {
            preview.roles = Some(audience.rows());
        }
        let mut pages =
            Pages::read(elastic, &plan, &all, options.page_size, &CancellationToken::new());
        let compared = preview.compare(&plan, &mut pages, options, &progress).await;
        let closed = pages.close().await;
        compared?;
        closed?;
        progress.finish();
        Ok(preview)
    }

    async fn compare(
        &mut self,
        plan: &Plan,
        pages: &mut Pages,
        options: &Options,
        progress: &Progress,
    ) -> Result<(), LabelerError> {
        while let Some(page) = pages.next(plan).await? {
            progress.add(page.seen);
            self.add_page(plan, &page);
            for change in &page.changes {
                let after = change.after();
                self.add(change, &after, options.samples);
                if let (Some(audience), Some(roles)) = (&options.audience, &mut self.roles) {
                    audience.add(change, &after, plan.now, options.samples, roles)?;
                }
            }
        }
        Ok(())
    }

    fn add_page(&mut self, plan: &Plan, page: &LabelledPage) {
        self.films += page.seen;
        self.would_write += page.changes.len() as u64;
        self.id_mismatches += page.id_mismatches.len() as u64;
        self.unreadable += page.unreadable.len() as u64;
        for (label, films) in plan.labels.iter().zip(&page.matched) {
            if let Some(Change { after: Some(after), .. }) = self.labels.get_mut(label) {
                *after += films;
            }
        }
    }

    fn add(&mut self, change: &FilmChange, after: &Value, samples: usize) {
        for label in &change.added {
            self.labels.entry(label.clone()).or_default().gain(&change.id, samples);
        }
        for label in &change.removed {
            self.labels.entry(label.clone()).or_default().lose(&change.id, samples);
        }
        if !change.added.is_empty() || !change.removed.is_empty() {
            self.labels_changed += 1;
        } else if periods(&change.before) == periods(after) {
            self.stamps_only += 1;
        } else {
            self.periods_changed += 1;
        }
    }
}

impl Change {
    fn gain(&mut self, id: &str, samples: usize) {
        self.gained += 1;
        keep(&mut self.gained_samples, id, samples);
    }

    fn lose(&mut self, id: &str, samples: usize) {
        self.lost += 1;
        keep(&mut self.lost_samples, id, samples);
    }
}

fn keep(samples: &mut Vec<String>, id: &str, limit: usize) {
    if samples.len() < limit {
        samples.push(id.to_owned());
    }
}

/// `from` and `until` without nulls.
fn periods(access: &Value) -> [Vec<(&String, &Value)>; 2] {
    ["from", "until"].map(|bound| {
        let bounds = access.get(bound).and_then(Value::as_object).into_iter().flatten();
        bounds.filter(|(_, instant)| !instant.is_null()).collect()
    })
}
