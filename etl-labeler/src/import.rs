//! Imports films from a file as others made it, and from a film database ([`database`]).
//!
//! [`source`] divides a file into records, [`mapping`] says how each becomes a [`film`], [`bulk`] writes
//! them into the index that [`target`] chose, and [`report`] counts. A [`lease`] keeps imports apart.

mod as_imported;
mod bad_line;
mod bulk;
mod cell;
mod current;
pub mod database;
mod dates;
mod file_id;
mod film;
mod kind;
mod lease;
mod literal;
mod mapping;
mod names;
mod reader;
mod rejects;
mod report;
mod source;
mod target;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde_json::Value;
use service::{exit::Exit, output};
use tokio_util::sync::CancellationToken;

use self::{
    bulk::{Done, Writer},
    lease::Lease,
    mapping::FilmMapping,
    reader::{End, Entry, Films},
    rejects::Rejects,
    source::Source,
    target::{Choice, Target},
};
use crate::{
    LabelerError, LossLimit,
    cli::ImportOptions,
    elastic::Elastic,
    excerpt::excerpt,
    metrics::Metrics,
    pipeline::{self, Run},
    progress::Progress,
};

pub(crate) use self::{
    as_imported::AsImported,
    film::{UNINDEXED, UNREADABLE_FIELDS},
};
pub use self::{mapping::MappingFileError, report::Imported};

/// How often an import says how far it is, where there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Columns that a message names.
const SHOWN_COLUMNS: usize = 10;

/// An import.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// The index or alias of the films.
    pub elastic: &'a Elastic,
    /// The label rules, for the mapping of `access` and for the labels of a replacement.
    pub rules: &'a LabelRules,
    /// The command line.
    pub options: &'a ImportOptions,
    /// How long Elasticsearch may accept nothing.
    pub retry_for: Duration,
    /// How many films of a replacement may lose a label; without it any number.
    pub loss_limit: Option<LossLimit>,
    /// Films that are labelled at a time.
    pub page_size: u16,
    /// Cancel it to stop between two requests.
    pub stop: &'a CancellationToken,
}

impl Import<'_> {
    /// Imports every film, with its id as document id, and prints what was done. An existing film is replaced
    /// completely, including its `access`: it counts as unlabelled until the next run. Bad lines are
    /// skipped.
    ///
    /// # Errors
    /// [`LabelerError`]. Earlier lines remain imported.
    pub async fn run(&self, now: DateTime<Utc>) -> Result<Exit, LabelerError> {
        let options = self.options;
        let mapping = FilmMapping::read(options.mapping.as_deref(), "")?;
        let (source, progress) = source::open(&options.file, self.stop).await?;
        progress.say(&format!("{}: {}", options.file.display(), source.detected));
        let rejects = options.rejects.as_deref().filter(|_| options.sample.is_none());
        let rejects = rejects.map(|path| Rejects::open(path, source.file)).transpose()?;
        self.check_columns(&source, &mapping)?;
        if let Some(films) = options.sample {
            return self.sample(source, mapping, films).await;
        }
        let purpose = format!("an import of {}", options.file.display());
        let elastic = self.elastic.waiting(self.retry_for, self.stop);
        let lease = Lease::acquire(&elastic, &purpose, self.stop).await?;
        let elastic = elastic.waiting(self.retry_for, lease.held());
        let import = Import { elastic: &elastic, stop: lease.held(), ..*self };
        let exit = import.run_alone(source, mapping, rejects, &progress, now).await;
        lease.end(exit).await
    }

    async fn run_alone(
        &self,
        source: Source,
        mut mapping: FilmMapping,
        rejects: Option<Rejects>,
        progress: &Progress,
        now: DateTime<Utc>,
    ) -> Result<Exit, LabelerError> {
        let options = self.options;
        let go_on = options.from_line.is_some_and(|line| options.replace || line > 1);
        let choice = Choice { replace: options.replace, go_on };
        let target = Target::prepare(self.elastic, &choice, &mapping, self.rules, now).await?;
        mapping.adopt(target.elastic.mappings().await?.values());
        let mut imported = self.write(source, mapping, rejects, &target, progress).await?;
        progress.finish();
        // Whether it can be read must not decide whether the import is finished.
        let details = imported.details();
        if !details.is_empty() {
            output::report(details.trim_end_matches('\n'));
        }
        let printed = output::print(&imported);
        if let Some(error) = imported.stopped.take() {
            // The index may be gone or Elasticsearch unreachable, which is what stopped the import.
            let _ = target.stop(&choice, imported.skipped).await;
            return Err(error);
        }
        let finished = self.finish(&target, &imported, now).await;
        let exit = finished.map_err(|error| explain(&target, error)).inspect_err(|error| {
            if can_go_on(error) {
                output::report(self.go_on(imported.details.next));
            }
        })?;
        printed?;
        Ok(exit)
    }

    /// How to go on with an import that ended early.
    fn go_on(&self, line: u64) -> String {
        let replace = if self.options.replace { "--replace " } else { "" };
        format!("to go on, repeat the command with {replace}--from-line {line}")
    }

    fn check_columns(&self, source: &Source, mapping: &FilmMapping) -> Result<(), LabelerError> {
        let Some((_, columns)) = &source.header else { return Ok(()) };
        if let Some((column, places)) = mapping.repeated_column(columns) {
            let (path, column) = (self.options.file.clone(), excerpt(column).into_owned());
            return Err(LabelerError::RepeatedColumn { path, column, places });
        }
        let Some((column, closest)) = mapping.missing_column(columns) else { return Ok(()) };
        let mut shown: Vec<String> = columns
            .iter()
            .take(SHOWN_COLUMNS)
            .map(|column| format!("`{}`", excerpt(column)))
            .collect();
        if columns.len() > SHOWN_COLUMNS {
            shown.push("…".to_owned());
        }
        let such_as = closest.map(|closest| format!(", perhaps `{closest}`")).unwrap_or_default();
        let hint = format!(
            "; the columns are {}. Name the one with the ids by `[fields.id] from` in a mapping file{such_as}",
            shown.join(", ")
        );
        let path = self.options.file.clone();
        Err(LabelerError::NoIdColumn { path, column: column.to_owned(), hint })
    }

    /// Writes all films. An error that ends the import early is part of the result.
    async fn write(
        &self,
        source: Source,
        mapping: FilmMapping,
        mut rejects: Option<Rejects>,
        target: &Target,
        progress: &Progress,
    ) -> Result<Imported, LabelerError> {
        let started = Instant::now();
        let from = self.options.from_line.unwrap_or(1);
        let header = source.header.as_ref().map(|(header, _)| header.as_slice());
        if let Some(rejects) = &mut rejects {
            rejects.begin(from > 1, header)?;
        }
        let imported = Imported::default();
        let mut session = Session { next: from, imported, rejects, progress, logged: started };
        let unit = source.unit();
        session.imported.details.unit = unit;
        let mut films = Films::read(source, mapping, from, session.rejects.is_some());
        let mut writer = Writer::new(self.elastic, &target.writer);
        let ended = self.write_films(&mut films, &mut writer, &mut session).await;
        let mut imported = session.imported;
        imported.details.next = session.next;
        if let Some(rejects) = session.rejects {
            rejects.finish()?;
        }
        match ended {
            Ok(()) => {
                let End { last, never_seen } = films.end();
                imported.details.never_seen = never_seen;
                if from > last + 1 {
                    imported.stopped = Some(LabelerError::BehindTheEnd { from, unit, last });
                }
            }
            Err(error) => {
                let error = explain(target, error);
                if can_go_on(&error) {
                    imported.details.go_on = Some(self.go_on(session.next));
                }
                imported.stopped = Some(error);
            }
        }
        imported.took = started.elapsed();
        Ok(imported)
    }

    async fn write_films(
        &self,
        films: &mut Films,
        writer: &mut Writer<'_>,
        session: &mut Session<'_>,
    ) -> Result<(), LabelerError> {
        let mut queue = VecDeque::new();
        loop {
            let Some(entries) = self.next(films).await? else { return Ok(()) };
            queue.extend(entries);
            while !queue.is_empty() {
                if self.stop.is_cancelled() {
                    return Err(LabelerError::Interrupted);
                }
                for done in writer.write(&mut queue).await? {
                    session.add(&done)?;
                }
                if let Some(entry) = queue.front() {
                    session.next = entry.number;
                }
                session.log();
            }
        }
    }

    /// Prints what the first films would become in the index as it is.
    async fn sample(
        &self,
        mut source: Source,
        mut mapping: FilmMapping,
        films: usize,
    ) -> Result<Exit, LabelerError> {
        if !self.options.replace && self.elastic.index_exists().await? {
            mapping.adopt(self.elastic.mappings().await?.values());
        }
        let (mut exit, unit) = (Exit::Success, source.unit());
        source.records = Box::new(source.records.take(films));
        let mut films = Films::read(source, mapping, 1, false);
        while let Some(entries) = self.next(&mut films).await? {
            for entry in entries {
                match entry.film {
                    Ok(film) => {
                        let document: Value =
                            serde_json::from_str(&film.document).unwrap_or_default();
                        output::print(format_args!("{document:#}"))?;
                    }
                    Err(bad) => {
                        exit = Exit::RejectedInput;
                        output::report(format_args!("{unit} {}: {bad}", entry.number));
                    }
                }
            }
        }
        Ok(exit)
    }

    /// The next films of a source, unless the import is stopped while it waits for them.
    async fn next(&self, films: &mut Films) -> Result<Option<Vec<Entry>>, LabelerError> {
        let read = tokio::select! {
            read = films.next() => read,
            () = self.stop.cancelled() => return Err(LabelerError::Interrupted),
        };
        read.map_err(|source| LabelerError::File { path: self.options.file.clone(), source })
    }

    /// Makes the films visible. Returns whether lines are missing, also of earlier parts of a replacement.
    async fn finish(
        &self,
        target: &Target,
        imported: &Imported,
        now: DateTime<Utc>,
    ) -> Result<Exit, LabelerError> {
        let skipped = if self.options.replace {
            self.replace(target, imported, now).await?
        } else {
            target.elastic.refresh().await?;
            target.release().await?;
            Some(imported.skipped)
        };
        Ok(if skipped == Some(0) { Exit::Success } else { Exit::RejectedInput })
    }

    /// Labels a replacement and leads readers to it: before it is labelled its films would be closed to
    /// everyone until the next run. Returns how many lines are missing.
    async fn replace(
        &self,
        target: &Target,
        imported: &Imported,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, LabelerError> {
        let next = imported.details.next;
        let skipped = target.add_skipped(imported.skipped).await?;
        target.elastic.refresh().await?;
        if target.elastic.count().await? == 0 {
            return Err(LabelerError::NothingToReplaceWith);
        }
        if skipped != Some(0) && !self.options.accept_rejects {
            return Err(LabelerError::SkippedLines { skipped, next });
        }
        let counters = &Metrics::new().films;
        let Self { rules, page_size, loss_limit, stop, .. } = *self;
        let elastic = &target.elastic;
        let run = Run { elastic, rules, page_size, loss_limit, counters, stop };
        let labelled = pipeline::run(&run, now).await.map_err(|error| match error {
            LabelerError::Loss(losses) => LabelerError::ReplacementLoss { losses, next },
            error => error,
        });
        let printed = output::print(labelled?);
        target.switch().await?;
        printed?;
        Ok(skipped)
    }
}

/// The state of an import in progress.
struct Session<'a> {
    /// The record to go on from.
    next: u64,
    imported: Imported,
    rejects: Option<Rejects>,
    progress: &'a Progress,
    /// When the log last had a line on it.
    logged: Instant,
}

impl Session<'_> {
    /// Says how far the import is, if no terminal shows it.
    fn log(&mut self) {
        if self.progress.is_hidden() && self.logged.elapsed() >= LOG_INTERVAL {
            self.logged = Instant::now();
            tracing::info!(
                lines = self.imported.lines,
                skipped = self.imported.skipped,
                "importing"
            );
        }
    }

    fn add(&mut self, Done { entry, replaced }: &Done) -> Result<(), LabelerError> {
        self.next = self.next.max(entry.number + 1);
        match &entry.film {
            Ok(film) => self.imported.add_film(entry.number, film, *replaced),
            Err(bad) => {
                self.imported.add_bad(entry.number, bad);
                if let Some(rejects) = &mut self.rejects {
                    rejects.add(&entry.raw)?;
                }
            }
        }
        Ok(())
    }
}

/// Names an index that was deleted, and with it what was imported.
fn explain(target: &Target, error: LabelerError) -> LabelerError {
    match target.explain(error) {
        LabelerError::IndexDeleted(index) => LabelerError::ImportDeleted(index),
        error => error,
    }
}

/// Whether the rest of an import makes sense after this error, and the error does not say itself how.
fn can_go_on(error: &LabelerError) -> bool {
    !matches!(
        error,
        LabelerError::ImportDeleted(_)
            | LabelerError::NothingToReplaceWith
            | LabelerError::SkippedLines { .. }
            | LabelerError::ReplacementLoss { .. }
    )
}
