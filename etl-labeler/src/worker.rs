//! Labelling on a schedule, with jobs kept in PostgreSQL.

use policies::label_rules::LabelRules;

use crate::{LabelerError, config::Config, elastic::Elastic};

/// Works until SIGTERM or SIGINT.
///
/// # Errors
/// todo
pub async fn run(_c: Config, _e: Elastic, _r: LabelRules) -> Result<(), LabelerError> {
    Ok(())
}
