//! Shows the changes that a run would make, without writing.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError,
    elastic::Elastic,
    label::{FilmChange, LabelledPage},
    pipeline::Pages,
    plan::Plan,
    progress::Progress,
};

/// The changes that a run would make.
#[derive(Debug, Default)]
pub struct Preview {
    films: u64,
    changed: u64,
    labels: BTreeMap<String, LabelCounts>,
    samples: Vec<FilmChange>,
}

/// Number of films that gain and lose a label.
#[derive(Debug, Default)]
struct LabelCounts {
    added: u64,
    removed: u64,
}

/// Compares all films with `rules` as of `now` and keeps up to `samples` films whose labels would change.
///
/// # Errors
/// As [`crate::pipeline::run`]: an invalid rule is reported in the same way.
pub async fn preview(
    elastic: &Elastic,
    rules: &LabelRules,
    page_size: u16,
    samples: usize,
    now: DateTime<Utc>,
) -> Result<Preview, LabelerError> {
    let plan = Plan::new(rules, now);
    elastic.check(&plan).await?;
    let all = json!({ "match_all": {} });
    let progress = Progress::films(elastic.count_matching(&all).await?);
    let mut preview = Preview::default();
    for label in &plan.labels {
        preview.labels.insert(label.clone(), LabelCounts::default());
    }
    let mut pages = Pages::read(elastic, &plan, &all, page_size, &CancellationToken::new());
    let compared = preview.compare(&plan, &mut pages, samples, &progress).await;
    let closed = pages.close().await;
    compared?;
    closed?;
    progress.finish();
    Ok(preview)
}

impl Preview {
    async fn compare(
        &mut self,
        plan: &Plan,
        pages: &mut Pages,
        samples: usize,
        progress: &Progress,
    ) -> Result<(), LabelerError> {
        while let Some(page) = pages.next(plan).await? {
            progress.add(page.seen);
            self.add(page, samples);
        }
        Ok(())
    }

    fn add(&mut self, page: LabelledPage, samples: usize) {
        self.films += page.seen;
        self.changed += page.changes.len() as u64;
        for change in page.changes {
            for label in &change.added {
                self.labels.entry(label.clone()).or_default().added += 1;
            }
            for label in &change.removed {
                self.labels.entry(label.clone()).or_default().removed += 1;
            }
            let relabelled = !change.added.is_empty() || !change.removed.is_empty();
            if relabelled && self.samples.len() < samples {
                self.samples.push(change);
            }
        }
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "films={} would_write={}", self.films, self.changed)?;
        for (label, LabelCounts { added, removed }) in &self.labels {
            writeln!(f, "label={label} added={added} removed={removed}")?;
        }
        for film in &self.samples {
            write!(f, "film={}", film.id)?;
            film.added.iter().try_for_each(|label| write!(f, " +{label}"))?;
            film.removed.iter().try_for_each(|label| write!(f, " -{label}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
