//! Metrics of `run`, for Prometheus.

use std::net::SocketAddr;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;
use policies::label_rules::LabelRules;

use crate::{LabelerError, elastic::Elastic, summary::Summary};

/// Serves `/metrics` at `address`, from the start with every name that there will be.
pub(super) fn serve(address: SocketAddr) -> Result<(), LabelerError> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .install()
        .map_err(|error| LabelerError::Worker(format!("OPS_LISTEN: {address}: {error}")))?;
    for (name, meaning) in [
        ("etl_films_seen_total", "Films read"),
        ("etl_films_written_total", "Films whose labels were written"),
        ("etl_films_conflicts_total", "Films changed by others while they were labelled"),
        ("etl_films_refused_total", "Films that Elasticsearch refused to write"),
    ] {
        describe_counter!(name, meaning);
        counter!(name).increment(0);
    }
    describe_counter!("etl_runs_total", "Runs by outcome");
    for outcome in [SUCCESS, FAILURE, INTERRUPTED] {
        counter!("etl_runs_total", "outcome" => outcome).increment(0);
    }
    describe_gauge!("etl_last_run_seconds", "Duration of the last successful run");
    describe_gauge!("etl_last_success_timestamp_seconds", "Start of the last successful run");
    describe_gauge!("etl_films_other_rules", "Labelled films that carry labels of other rules");
    Ok(())
}

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";
const INTERRUPTED: &str = "interrupted";

/// Counts a run that began at `began`, in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a float")]
pub(super) fn finished(began: u64, outcome: &Result<Summary, LabelerError>) {
    let label = match outcome {
        Ok(summary) => {
            gauge!("etl_last_run_seconds").set(summary.took.as_secs_f64());
            gauge!("etl_last_success_timestamp_seconds").set(began as f64);
            SUCCESS
        }
        Err(LabelerError::Interrupted) => INTERRUPTED,
        Err(_) => FAILURE,
    };
    counter!("etl_runs_total", "outcome" => label).increment(1);
}

/// Films that still carry what other rules said. Without an answer the old number stands.
#[expect(clippy::cast_precision_loss, reason = "a number of films is exact in a float")]
pub(super) async fn other_rules(elastic: &Elastic, rules: &LabelRules) {
    match elastic.count_under_other_rules(&rules.hash()).await {
        Ok(films) => gauge!("etl_films_other_rules").set(films as f64),
        Err(error) => tracing::debug!(%error, "can't count films under other rules"),
    }
}
