//! What a sync did: one line for programs.

use std::{fmt, time::Duration};

use uuid::Uuid;

use crate::import::{bad_line::BadLine, film::Film};

/// The result of a sync.
#[derive(Debug, Default)]
pub struct Synced {
    /// Whether all films were compared.
    pub full: bool,
    /// Number of films read.
    pub seen: u64,
    /// Number of films that differed from the index, and were written.
    pub written: u64,
    /// Number of films deleted.
    pub deleted: u64,
    /// Number of films that cannot be indexed, and are not in the index.
    pub skipped: u64,
    /// Number of films written without a release date.
    pub undated: u64,
    /// Duration of the sync.
    pub took: Duration,
}

impl Synced {
    pub(super) fn add(&mut self, film: &Film) {
        self.written += 1;
        self.undated += u64::from(!film.dated);
    }

    /// Counts a film that cannot be indexed, and logs the first.
    pub(super) fn skip(&mut self, id: Uuid, bad: &BadLine) {
        self.skipped += 1;
        if self.skipped == 1 {
            tracing::warn!(%id, reason = %bad, "films that cannot be indexed are not in the index; the first");
        }
    }
}

impl fmt::Display for Synced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { full, seen, written, deleted, skipped, undated, took } = self;
        write!(
            f,
            "full={full} seen={seen} written={written} deleted={deleted} skipped={skipped} undated={undated} seconds={:.1}",
            took.as_secs_f64()
        )
    }
}
