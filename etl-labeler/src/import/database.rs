//! Keeps the index like a film database, in the tables of the "movies admin": `content.film_work`,
//! `content.genre`, `content.person` and their links.
//!
//! [`queries`] reads films as records, which become films as those of a file do. [`changes`] writes the
//! ones that differ from the index, [`deletions`] removes the ones that are gone, and [`position`] is the
//! time up to which the index is like the database. It moves when everything before it has been written, so
//! that a sync that ends early is repeated and loses nothing.

mod changes;
mod columns;
mod deletions;
mod position;
mod queries;
mod summary;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use policies::label_rules::LabelRules;
use service::{config::ConfigError, database::DatabaseUrl, output};
use tokio_util::sync::CancellationToken;

use self::{changes::Changes, queries::FilmDatabase};
use super::{
    lease::Lease,
    mapping::FilmMapping,
    target::{Choice, Target, writer},
};
use crate::{LabelerError, LossLimit, config::SourceConfig, elastic::Elastic};

pub use self::{position::Position, summary::Synced};

/// A transaction that was open for longer than this when a sync began may be missed until the next full
/// comparison; so may rows of an application whose clock is late by more.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How films are read from a row. A mapping file is laid over it.
const MAPPING: &str = r#"
[fields.release_date]
from = "creation_date"
[fields.imdb_rating]
from = "rating"
[fields.mpaa_rating]
from = "certificate"
"#;

/// A sync.
#[derive(Clone, Copy)]
pub struct Sync<'a> {
    /// The index or alias of the films.
    pub elastic: &'a Elastic,
    /// The label rules, for the mapping of `access`.
    pub rules: &'a LabelRules,
    /// The film database.
    pub source: &'a SourceConfig,
    /// How long Elasticsearch may accept nothing.
    pub retry_for: Duration,
    /// How many films may be gone; without it any number.
    pub loss_limit: Option<LossLimit>,
    /// Cancel it to end the sync.
    pub stop: &'a CancellationToken,
}

impl Sync<'_> {
    /// Writes what has changed since the last sync. `full` compares every film, and deletes those that are no
    /// longer in the database; so does the first sync, and the first of each day.
    ///
    /// # Errors
    /// [`LabelerError`]. What was written stays, and the next sync does the rest.
    pub async fn run(&self, full: bool, now: DateTime<Utc>) -> Result<Synced, LabelerError> {
        let url = self.source.database_url.as_ref();
        let url = url.ok_or(ConfigError::Missing("ETL_SOURCE_DATABASE_URL"))?;
        let mapping = mapping(self.source)?;
        let database = FilmDatabase::new(url);
        // Before the index is created: a database that cannot be read leaves everything as it is.
        let at = database.now().await?;
        columns::missing(&mapping, &database.columns().await?)?;
        if let Next::Changes { since, .. } = self.next(url, full, at).await?
            && !database.has_changed(since).await?
        {
            return Ok(Synced::default());
        }
        let elastic = self.elastic.waiting(self.retry_for, self.stop);
        let lease = Lease::acquire(&elastic, &format!("a sync with {url}"), self.stop).await?;
        let elastic = elastic.waiting(self.retry_for, lease.held());
        let sync = Sync { elastic: &elastic, stop: lease.held(), ..*self };
        let synced = tokio::select! {
            synced = sync.run_alone(&database, url, mapping, full, now) => synced,
            () = lease.held().cancelled() => {
                // Best effort: what is left behind, the next import or sync takes over.
                let _ = self.elastic.detach(&writer(&self.elastic.index), None).await;
                Err(LabelerError::Interrupted)
            }
        };
        lease.end(synced).await
    }

    /// What the next sync has to read.
    async fn next(
        &self,
        url: &DatabaseUrl,
        full: bool,
        at: DateTime<Utc>,
    ) -> Result<Next, LabelerError> {
        let before = Position::read(self.elastic, url).await?;
        Ok(match before {
            Some(Position { at: since, full_at, .. })
                if !full && since <= at && full_at.date_naive() == at.date_naive() =>
            {
                Next::Changes { since: since - OVERLAP, full_at }
            }
            _ => Next::Everything,
        })
    }

    async fn run_alone(
        &self,
        database: &FilmDatabase,
        url: &DatabaseUrl,
        mut mapping: FilmMapping,
        full: bool,
        now: DateTime<Utc>,
    ) -> Result<Synced, LabelerError> {
        let started = Instant::now();
        // Again, since the lease may have been waited for.
        let at = database.now().await?;
        let next = self.next(url, full, at).await?;
        let choice = Choice { replace: false, go_on: false };
        let target = Target::prepare(self.elastic, &choice, &mapping, self.rules, now).await?;
        mapping.adopt(target.elastic.mappings().await?.values());
        let mut changes = Changes::new(self, database, &target, mapping);
        let written = self.write(&mut changes, url, &next, at).await;
        let mut synced = changes.end();
        synced.took = started.elapsed();
        let released = target.release().await;
        written.map_err(|error| target.explain(error))?;
        released?;
        Ok(synced)
    }

    async fn write(
        &self,
        changes: &mut Changes<'_>,
        url: &DatabaseUrl,
        next: &Next,
        at: DateTime<Utc>,
    ) -> Result<(), LabelerError> {
        let target = changes.target;
        let (full_at, deleted) = match *next {
            Next::Changes { since, full_at } => {
                changes.write_changed(since).await?;
                (full_at, Ok(()))
            }
            Next::Everything => {
                changes.write_all().await?;
                target.elastic.refresh().await?;
                (at, changes.delete_gone().await)
            }
        };
        // Deletions that the loss limit refuses are attempted again tomorrow, or with --full.
        if !matches!(deleted, Ok(()) | Err(LabelerError::SourceLoss { .. })) {
            return deleted;
        }
        target.elastic.refresh().await?;
        target.check_current().await?;
        Position { at, full_at, source: url.to_string() }.store(&target.elastic).await?;
        deleted
    }
}

/// Checks that the table has every column that the mapping file names, and says which others of the built-in
/// mapping it lacks.
///
/// # Errors
/// [`LabelerError`] for the first column, or if the database cannot be read.
pub async fn check_columns(source: &SourceConfig) -> Result<(), LabelerError> {
    let Some(url) = &source.database_url else { return Ok(()) };
    let (mapping, columns) = (mapping(source)?, FilmDatabase::new(url).columns().await?);
    let missing = columns::missing(&mapping, &columns)?;
    if !missing.is_empty() {
        output::report(format_args!(
            "in no column of content.film_work: `{}`",
            missing.join("`, `")
        ));
    }
    Ok(())
}

fn mapping(source: &SourceConfig) -> Result<FilmMapping, LabelerError> {
    let mapping = FilmMapping::read(source.mapping.as_deref(), MAPPING)?;
    if mapping.id == ["id"] {
        return Ok(mapping);
    }
    Err(LabelerError::Target(
        "ETL_SOURCE_MAPPING: a film of the database has the id of its row; remove `[fields.id]`"
            .to_owned(),
    ))
}

/// What a sync has to read.
enum Next {
    /// What has changed since this time; all films were compared at that one.
    Changes {
        since: DateTime<Utc>,
        full_at: DateTime<Utc>,
    },
    Everything,
}
