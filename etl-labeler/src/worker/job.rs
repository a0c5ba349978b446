//! The job: one run of the pipeline.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use apalis::prelude::{BoxDynError, Data};
use policies::label_rules::LabelRules;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::metrics;
use crate::{LabelerError, clock, elastic::Elastic, pipeline};

/// A tick of the schedule at which the films are to be labelled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LabelFilms {
    /// Seconds since 1970.
    pub(super) tick: u64,
}

/// What every run of this process works with.
#[derive(Debug)]
pub(super) struct Labeler {
    elastic: Elastic,
    rules: LabelRules,
    page_size: u16,
    stop: CancellationToken,
    /// When the last successful run began, in seconds since 1970.
    labelled_at: AtomicU64,
}

impl Labeler {
    pub(super) fn new(
        elastic: Elastic,
        rules: LabelRules,
        page_size: u16,
        stop: CancellationToken,
    ) -> Self {
        Self { elastic, rules, page_size, stop, labelled_at: AtomicU64::new(0) }
    }
}

/// Labels the films, unless a run that began at or after the tick has done so. That keeps jobs from
/// piling up when runs take longer than the schedule's interval.
pub(super) async fn label_films(
    job: LabelFilms,
    labeler: Data<Arc<Labeler>>,
) -> Result<String, BoxDynError> {
    if labeler.labelled_at.load(Ordering::Relaxed) >= job.tick {
        return Ok("done by a later run".to_owned());
    }
    let Labeler { elastic, rules, page_size, stop, labelled_at } = &**labeler;
    let began = u64::try_from(clock::now().timestamp()).unwrap_or_default();
    metrics::other_rules(elastic, rules).await;
    let outcome = pipeline::run(elastic, rules, *page_size, stop).await;
    metrics::finished(began, &outcome);
    metrics::other_rules(elastic, rules).await;
    match outcome {
        Ok(summary) => {
            labelled_at.store(began, Ordering::Relaxed);
            println!("{summary}");
            Ok(summary.to_string())
        }
        Err(error) => {
            tracing::error!(%error, tick = job.tick, "labelling failed");
            Err(error.into())
        }
    }
}

/// Whether a run ended by a signal: then it is for another process, or the next start, to finish.
pub(super) fn is_interrupted(error: &BoxDynError) -> bool {
    matches!(error.downcast_ref(), Some(LabelerError::Interrupted))
}
