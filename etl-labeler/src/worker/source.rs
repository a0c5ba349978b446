//! Keeps the index like the film database, if there is one, before films are labelled.

use super::job::Labeler;
use crate::{
    LabelerError, clock,
    config::SourceConfig,
    import::database::{self, Sync},
};

/// Checks the columns that a mapping file names. A database that is unavailable is read later.
pub(super) async fn check(source: &SourceConfig) -> Result<(), LabelerError> {
    match database::check_columns(source).await {
        Err(error @ LabelerError::Source { .. }) => {
            tracing::warn!(%error, "the columns of the film database are not checked");
            Ok(())
        }
        checked => checked,
    }
}

impl Labeler {
    /// Writes what has changed. A database that cannot be read leaves the films as they are, and delays no
    /// labels.
    pub(super) async fn sync(&self) {
        if self.source.database_url.is_none() {
            return;
        }
        let sync = Sync {
            elastic: &self.elastic,
            rules: &self.rules,
            source: &self.source,
            retry_for: self.retry_for,
            loss_limit: Some(self.loss_limit),
            stop: &self.stop,
        };
        let synced = sync.run(false, clock::now(&self.clock)).await;
        self.metrics.sync_ended(&synced, clock::now(&self.clock));
        match synced {
            Ok(synced) if synced.written + synced.deleted + synced.skipped > 0 => {
                tracing::info!(%synced, "the index follows the film database");
            }
            Ok(_) | Err(LabelerError::Interrupted) => {}
            Err(error) => tracing::warn!(%error, "the index does not follow the film database"),
        }
    }
}
