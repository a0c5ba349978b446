//! Metrics of labeling.

use std::sync::{Arc, atomic::AtomicU64};

use chrono::{DateTime, Utc};
use service::metrics::{Counter, EncodeLabelSet, Family, Gauge, Registry};

use crate::{
    LabelerError, import::database::Synced, label::LabelledPage, load::Loaded, status::Status,
    summary::Summary,
};

/// Everything that etl-labeler counts. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Films, counted while a run goes on.
    pub films: FilmCounters,
    runs: Family<Run, Counter>,
    change_runs: Family<Run, Counter>,
    syncs: Family<Run, Counter>,
    last_sync: Gauge,
    sync_position: Gauge,
    last_full_sync: Gauge,
    last_run_duration: Gauge<f64, AtomicU64>,
    last_success: Gauge,
    next_run: Gauge,
    all_films: Gauge,
    unlabelled_films: Gauge,
    outdated_films: Gauge,
    oldest_outdated: Gauge,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    outcome: &'static str,
}

impl Run {
    fn ended<T>(outcome: &Result<T, LabelerError>) -> Self {
        Self {
            outcome: match outcome {
                Ok(_) => SUCCESS,
                Err(LabelerError::Interrupted) => INTERRUPTED,
                Err(LabelerError::Loss(_) | LabelerError::SourceLoss { .. }) => LOSS_LIMIT,
                Err(_) => FAILURE,
            },
        }
    }
}

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";
const INTERRUPTED: &str = "interrupted";
const LOSS_LIMIT: &str = "loss_limit";

impl Metrics {
    /// Every metric, at zero from the start.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("etl");
        let films = FilmCounters::register(&mut registry);
        let mut outcomes = |name: &str, help: &str| {
            let counters = Family::<Run, Counter>::default();
            registry.register(name, help, counters.clone());
            for outcome in [SUCCESS, FAILURE, INTERRUPTED, LOSS_LIMIT] {
                drop(counters.get_or_create_owned(&Run { outcome }));
            }
            counters
        };
        let runs = outcomes("runs", "Runs by outcome");
        let change_runs = outcomes("change_runs", "Runs on films that others changed, by outcome");
        let syncs = outcomes("syncs", "Syncs with the film database by outcome");
        let last_run_duration = Gauge::default();
        registry.register(
            "last_run_duration_seconds",
            "Duration of the last successful run",
            last_run_duration.clone(),
        );
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            films,
            runs,
            change_runs,
            syncs,
            last_run_duration,
            last_sync: gauge(
                "last_sync_timestamp_seconds",
                "End of this process's last successful sync with the film database; 0: none",
            ),
            sync_position: gauge(
                "sync_position_timestamp_seconds",
                "Time of the film database up to which the index is like it; 0: none",
            ),
            last_full_sync: gauge(
                "last_full_sync_timestamp_seconds",
                "Start of the last full comparison with the film database; 0: none",
            ),
            last_success: gauge(
                "last_success_timestamp_seconds",
                "Start of the last successful run, by whichever process; 0: none",
            ),
            next_run: gauge("next_run_timestamp_seconds", "Start of the next scheduled run"),
            all_films: gauge("films", "Films in the index"),
            unlabelled_films: gauge("unlabelled_films", "Films without labels, which are closed"),
            outdated_films: gauge(
                "outdated_films",
                "Films whose labels come from other label rules",
            ),
            oldest_outdated: gauge(
                "oldest_outdated_timestamp_seconds",
                "When the oldest labels from other label rules were written; 0: there are none",
            ),
            registry: Arc::new(registry),
        }
    }

    /// Counts a run.
    pub(crate) fn run_ended(&self, outcome: &Result<Summary, LabelerError>) {
        if let Ok(summary) = outcome {
            self.last_run_duration.set(summary.took.as_secs_f64());
        }
        self.runs.get_or_create(&Run::ended(outcome)).inc();
    }

    /// Counts a run on films that others changed.
    pub(crate) fn change_run_ended(&self, outcome: &Result<Summary, LabelerError>) {
        self.change_runs.get_or_create(&Run::ended(outcome)).inc();
    }

    /// Counts a sync with the film database.
    pub(crate) fn sync_ended(&self, outcome: &Result<Synced, LabelerError>, now: DateTime<Utc>) {
        if outcome.is_ok() {
            self.last_sync.set(now.timestamp());
        }
        self.syncs.get_or_create(&Run::ended(outcome)).inc();
    }

    /// Shows how far the films are labelled.
    pub(crate) fn set_status(&self, status: &Status) {
        let count = |films: u64| i64::try_from(films).unwrap_or(i64::MAX);
        let seconds = |at: Option<DateTime<Utc>>| at.map_or(0, |at| at.timestamp());
        self.all_films.set(count(status.films));
        self.unlabelled_films.set(count(status.unlabelled_films));
        self.outdated_films.set(count(status.outdated_films));
        self.oldest_outdated.set(seconds(status.oldest_outdated_at));
        self.last_success.set(seconds(status.last_success_at));
        self.sync_position.set(seconds(status.sync.as_ref().map(|sync| sync.at)));
        self.last_full_sync.set(seconds(status.sync.as_ref().map(|sync| sync.full_at)));
    }

    /// Shows when the next run is due.
    pub(crate) fn set_next_run(&self, at: DateTime<Utc>) {
        self.next_run.set(at.timestamp());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Films, counted while a run goes on.
#[derive(Clone, Debug)]
pub struct FilmCounters {
    seen: Counter,
    id_mismatches: Counter,
    unreadable: Counter,
    written: Counter,
    conflicts: Counter,
    refused: Counter,
}

impl FilmCounters {
    fn register(registry: &mut Registry) -> Self {
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        Self {
            seen: counter("films_seen", "Films read"),
            id_mismatches: counter(
                "films_id_mismatches",
                "Films left unlabelled because their id is missing or differs from _id",
            ),
            unreadable: counter(
                "films_unreadable",
                "Films left unlabelled because the import could not read a value that a label rule needs",
            ),
            written: counter("films_written", "Films whose labels were written"),
            conflicts: counter("films_conflicts", "Films that changed while they were labelled"),
            refused: counter("films_refused", "Films that Elasticsearch refused to write"),
        }
    }

    pub(crate) fn add(&self, page: &LabelledPage, loaded: &Loaded) {
        self.seen.inc_by(page.seen);
        self.id_mismatches.inc_by(page.id_mismatches.len() as u64);
        self.unreadable.inc_by(page.unreadable.len() as u64);
        self.written.inc_by(loaded.written);
        self.conflicts.inc_by(loaded.conflicts);
        self.refused.inc_by(loaded.refused.len() as u64);
    }
}
