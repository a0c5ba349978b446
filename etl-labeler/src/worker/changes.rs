//! Labels films that others changed, between the runs of the schedule.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::job::Labeler;
use crate::{LabelerError, clock, exclusive::Exclusive, pipeline, summary::Summary};

/// Looks for changed films at once and then at this interval, until the process stops. While a run is in
/// progress it leaves them to the next look.
pub(super) async fn watch(labeler: Arc<Labeler>, every: Duration) {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failure = String::new();
    while labeler.stop.run_until_cancelled(tick.tick()).await.is_some() {
        let labelled = label(&labeler).await.transpose();
        if let Some(outcome) = &labelled {
            labeler.metrics.change_run_ended(outcome);
        }
        match labelled.transpose() {
            Ok(None) => failure.clear(),
            Ok(Some(summary)) => {
                failure.clear();
                tracing::info!(%summary, "labelled the films that were changed");
            }
            Err(LabelerError::Interrupted) => return,
            // What lasts is said once.
            Err(error) if error.to_string() == failure => {
                tracing::debug!(%error, "changed films are not labelled");
            }
            Err(error) => {
                failure = error.to_string();
                tracing::warn!(%error, "changed films are not labelled");
            }
        }
        labeler.update_status().await;
    }
}

async fn label(labeler: &Labeler) -> Result<Option<Summary>, LabelerError> {
    let Labeler { database, elastic, clock, .. } = labeler;
    let Some(exclusive) = Exclusive::acquire(database, elastic, clock).await? else {
        return Ok(None);
    };
    labeler.sync().await;
    let now = clock::now(&labeler.clock);
    let labelled = pipeline::run_on_changes(&labeler.run(), now).await;
    exclusive.release().await;
    labelled
}
