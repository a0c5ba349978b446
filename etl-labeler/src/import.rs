//! Imports films from a file with one JSON object per line.

mod batch;
mod film;

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::{Duration, Instant},
};

use policies::label_rules::LabelRules;

use crate::{LabelerError, elastic::Elastic, import::batch::Batch, progress::Progress};

/// The result of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Number of lines that are not blank.
    pub lines: u64,
    /// Number of lines that were skipped, because they are not a valid film or Elasticsearch refused
    /// them.
    pub skipped: u64,
    /// Duration of the import.
    pub took: Duration,
}

/// Creates the index if it does not exist and writes every film of `file`, with its `id` as document id.
/// An existing film is replaced completely, including its `access`: it counts as unlabelled until the
/// next run. An invalid line is reported on standard error with its number, and skipped.
///
/// # Errors
/// [`LabelerError`] if the file cannot be read or Elasticsearch fails. Earlier lines remain imported.
pub async fn import(
    elastic: &Elastic,
    rules: &LabelRules,
    file: &Path,
) -> Result<Imported, LabelerError> {
    let started = Instant::now();
    let unreadable = |source| LabelerError::File { path: file.to_owned(), source };
    let opened = File::open(file).map_err(unreadable)?;
    let progress = Progress::bytes(opened.metadata().map_err(unreadable)?.len());
    if elastic.index_exists().await? {
        elastic.put_access_mapping(rules).await?;
    } else {
        elastic.create_index(rules).await?;
    }
    let mut imported = Imported::default();
    let mut batch = Batch::default();
    for (line, number) in BufReader::new(opened).split(b'\n').zip(1..) {
        let line = line.map_err(unreadable)?;
        progress.add(line.len() as u64 + 1);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        imported.lines += 1;
        match film::parse(&line) {
            Ok(parsed) => batch.add(number, &parsed),
            Err(reason) => imported.skip(number, &reason.to_string()),
        }
        if batch.is_full() {
            imported.write(elastic, &mut batch).await?;
        }
    }
    imported.write(elastic, &mut batch).await?;
    elastic.refresh().await?;
    progress.finish();
    imported.took = started.elapsed();
    Ok(imported)
}

impl Imported {
    async fn write(&mut self, elastic: &Elastic, batch: &mut Batch) -> Result<(), LabelerError> {
        for (number, reason) in batch.write(elastic).await? {
            self.skip(number, &reason);
        }
        Ok(())
    }

    fn skip(&mut self, number: u64, reason: &str) {
        self.skipped += 1;
        eprintln!("line {number}: {reason}");
    }
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, skipped, took } = self;
        write!(
            f,
            "lines={lines} imported={} skipped={skipped} seconds={:.1}",
            lines - skipped,
            took.as_secs_f64()
        )
    }
}
