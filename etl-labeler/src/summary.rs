//! The result of a run, formatted as one line.

use std::{fmt, time::Duration};

use crate::{label::LabelledPage, load::Loaded, plan::Plan};

/// Totals of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Number of films read.
    pub seen: u64,
    /// Each label with the number of films that have it after the run.
    pub matched: Vec<(String, u64)>,
    /// Number of films that stay unlabelled because their `id` is missing or differs from `_id`.
    pub id_mismatches: u64,
    /// Number of films that stay unlabelled because the import could not read a value that a rule needs.
    pub unreadable: u64,
    /// Number of films written.
    pub written: u64,
    /// Number of films that were changed between reading and writing; the next run labels them.
    pub conflicts: u64,
    /// Number of films that Elasticsearch refused to write.
    pub refused: u64,
    /// Duration of the run.
    pub took: Duration,
}

impl Summary {
    pub(crate) fn new(plan: &Plan) -> Self {
        let matched = plan.labels.iter().map(|label| (label.clone(), 0)).collect();
        Self { matched, ..Self::default() }
    }

    pub(crate) fn add_page(&mut self, page: &LabelledPage) {
        self.seen += page.seen;
        self.id_mismatches += page.id_mismatches.len() as u64;
        self.unreadable += page.unreadable.len() as u64;
        for ((_, total), films) in self.matched.iter_mut().zip(&page.matched) {
            *total += films;
        }
    }

    pub(crate) fn add_written(&mut self, loaded: &Loaded) {
        self.written += loaded.written;
        self.conflicts += loaded.conflicts;
        self.refused += loaded.refused.len() as u64;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seen={}", self.seen)?;
        for (label, films) in &self.matched {
            write!(f, " matched.{label}={films}")?;
        }
        write!(
            f,
            " id_mismatches={} unreadable={} written={} conflicts={} refused={} seconds={:.1}",
            self.id_mismatches,
            self.unreadable,
            self.written,
            self.conflicts,
            self.refused,
            self.took.as_secs_f64()
        )
    }
}
