//! The job: one run of the pipeline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use apalis::prelude::{BoxDynError, Data};
use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde::{Deserialize, Serialize};
use service::{clock::Clock, database::DatabaseUrl, output};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError, LossLimit, clock,
    config::SourceConfig,
    elastic::{Elastic, ElasticError},
    exclusive::Exclusive,
    metrics::Metrics,
    pipeline::{self, Run},
    status::Status,
    summary::Summary,
};

/// How often a run that waits for another looks again.
const BUSY_INTERVAL: Duration = Duration::from_secs(1);

/// A tick of the schedule, at which the films are to be labelled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LabelFilms {
    /// Seconds since 1970.
    pub(super) tick: u64,
}

/// The input of every run in this process.
#[derive(Debug)]
pub(super) struct Labeler {
    pub(super) elastic: Elastic,
    pub(super) rules: LabelRules,
    pub(super) page_size: u16,
    pub(super) loss_limit: LossLimit,
    /// The film database.
    pub(super) source: SourceConfig,
    /// How long a sync waits for an overloaded Elasticsearch.
    pub(super) retry_for: Duration,
    /// PostgreSQL, which admits one run at a time.
    pub(super) database: DatabaseUrl,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
    pub(super) stop: CancellationToken,
    /// Start of the last successful run, in seconds since 1970.
    pub(super) labelled_at: AtomicU64,
}

impl Labeler {
    pub(super) fn run(&self) -> Run<'_> {
        Run {
            elastic: &self.elastic,
            rules: &self.rules,
            page_size: self.page_size,
            loss_limit: Some(self.loss_limit),
            counters: &self.metrics.films,
            stop: &self.stop,
        }
    }

    /// Updates the metrics, which keep their values if Elasticsearch is unavailable.
    pub(super) async fn update_status(&self) {
        match self.elastic.at_once().status(&self.rules.hash()).await {
            Ok(status) => self.metrics.set_status(&status),
            Err(ElasticError::NoIndex(_)) => self.metrics.set_status(&Status::default()),
            Err(error) => tracing::debug!(%error, "cannot count unlabelled films"),
        }
    }

    /// Waits until no other process labels the films.
    async fn exclusive(&self) -> Result<Exclusive, LabelerError> {
        loop {
            if let Some(exclusive) =
                Exclusive::acquire(&self.database, &self.elastic, &self.clock).await?
            {
                return Ok(exclusive);
            }
            if self.stop.run_until_cancelled(sleep(BUSY_INTERVAL)).await.is_none() {
                return Err(LabelerError::Interrupted);
            }
        }
    }

    /// Labels all films, and returns when that began.
    async fn label(&self) -> Result<(Summary, DateTime<Utc>), LabelerError> {
        let exclusive = self.exclusive().await?;
        self.sync().await;
        let started = clock::now(&self.clock);
        let outcome = pipeline::run(&self.run(), started).await;
        exclusive.release().await;
        self.metrics.run_ended(&outcome);
        self.update_status().await;
        outcome.map(|summary| (summary, started))
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
    match labeler.label().await {
        Ok((summary, started)) => {
            let started = started.timestamp().max(0).cast_unsigned();
            labeler.labelled_at.store(started, Ordering::Relaxed);
            // The films are labelled whether that can be printed or not.
            if let Err(error) = output::print(&summary) {
                tracing::warn!(%error, "cannot print the summary");
            }
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
