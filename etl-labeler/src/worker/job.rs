//! The job: one run of the pipeline.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use apalis::prelude::{BoxDynError, Data};
use policies::label_rules::LabelRules;
use serde::{Deserialize, Serialize};
use service::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError, LossLimit, clock,
    elastic::Elastic,
    metrics::Metrics,
    pipeline::{self, Run},
};

/// A tick of the schedule, at which the films are to be labelled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LabelFilms {
    /// Seconds since 1970.
    pub(super) tick: u64,
}

/// The input of every run in this process.
#[derive(Debug)]
pub(super) struct Labeler {
    elastic: Elastic,
    rules: LabelRules,
    page_size: u16,
    loss_limit: LossLimit,
    metrics: Metrics,
    clock: Clock,
    stop: CancellationToken,
    /// Start of the last successful run, in seconds since 1970.
    labelled_at: AtomicU64,
}

impl Labeler {
    pub(super) fn new(
        elastic: Elastic,
        rules: LabelRules,
        page_size: u16,
        loss_limit: LossLimit,
        metrics: Metrics,
        clock: Clock,
        stop: CancellationToken,
    ) -> Self {
        let labelled_at = AtomicU64::new(0);
        Self { elastic, rules, page_size, loss_limit, metrics, clock, stop, labelled_at }
    }
}

impl Labeler {
    /// Updates the metric, which keeps its value if Elasticsearch is unavailable.
    async fn count_outdated_films(&self) {
        match self.elastic.count_under_other_rules(&self.rules.hash()).await {
            Ok(films) => self.metrics.set_outdated_films(films),
            Err(error) => tracing::debug!(%error, "cannot count films with labels of other rules"),
        }
    }
}

/// Labels the films, unless a run that started at or after the tick has done so already. This keeps jobs
/// from accumulating when a run takes longer than the interval of the schedule.
pub(super) async fn label_films(
    job: LabelFilms,
    labeler: Data<Arc<Labeler>>,
) -> Result<String, BoxDynError> {
    if labeler.labelled_at.load(Ordering::Relaxed) >= job.tick {
        return Ok("covered by a later run".to_owned());
    }
    let Labeler { elastic, rules, page_size, loss_limit, metrics, clock, stop, labelled_at } =
        &**labeler;
    let started = clock::now(clock);
    labeler.count_outdated_films().await;
    let (page_size, loss_limit) = (*page_size, Some(*loss_limit));
    let run = Run { elastic, rules, page_size, loss_limit, counters: &metrics.films, stop };
    let outcome = pipeline::run(&run, started).await;
    metrics.run_ended(started.timestamp(), &outcome);
    labeler.count_outdated_films().await;
    match outcome {
        Ok(summary) => {
            labelled_at.store(started.timestamp().max(0).cast_unsigned(), Ordering::Relaxed);
            println!("{summary}");
            Ok(summary.to_string())
        }
        // Another attempt would find the same: the labels stay until the next tick, and new films closed.
        Err(error @ LabelerError::Loss(_)) => {
            tracing::error!(%error, tick = job.tick, "labeling stopped by the loss limit");
            Ok(error.to_string())
        }
        Err(error) => {
            tracing::error!(%error, tick = job.tick, "labeling failed");
            Err(error.into())
        }
    }
}

/// Whether a signal ended the run, which another process or the next start then completes.
pub(super) fn is_interrupted(error: &BoxDynError) -> bool {
    matches!(error.downcast_ref(), Some(LabelerError::Interrupted))
}
