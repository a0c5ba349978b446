//! Writes the films that differ from what the index has.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, SecondsFormat, Utc};
use elasticsearch::MgetParts;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Sync,
    queries::{FILMS, FilmDatabase, FilmRow},
    summary::Synced,
};
use crate::{
    LabelerError,
    elastic::{ElasticError, body, read},
    import::{
        bad_line::BadLine,
        bulk::{Done, Writer},
        film::Film,
        mapping::FilmMapping,
        reader::Entry,
        target::Target,
    },
};

/// A sync in progress.
pub(super) struct Changes<'a> {
    pub(super) sync: &'a Sync<'a>,
    pub(super) database: &'a FilmDatabase,
    pub(super) target: &'a Target,
    mapping: FilmMapping,
    writer: Writer<'a>,
    pub(super) synced: Synced,
}

impl<'a> Changes<'a> {
    pub(super) fn new(
        sync: &'a Sync<'a>,
        database: &'a FilmDatabase,
        target: &'a Target,
        mapping: FilmMapping,
    ) -> Self {
        let writer = Writer::new(sync.elastic, &target.writer, sync.retry_for, sync.stop);
        Self { sync, database, target, mapping, writer, synced: Synced::default() }
    }

    pub(super) fn end(self) -> Synced {
        self.synced
    }

    /// Every film.
    pub(super) async fn write_all(&mut self) -> Result<(), LabelerError> {
        self.synced.full = true;
        let mut after = Uuid::nil();
        loop {
            let rows = self.database.all(after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            self.write(rows).await?;
        }
    }

    /// Films that have changed since this time, and films of genres, persons and links that have.
    pub(super) async fn write_changed(&mut self, since: DateTime<Utc>) -> Result<(), LabelerError> {
        let mut after = (since.to_rfc3339_opts(SecondsFormat::Micros, true), Uuid::nil());
        loop {
            let rows = self.database.modified(&after).await?;
            let Some(FilmRow { id, modified: Some(modified), .. }) = rows.last() else { break };
            after = (modified.clone(), *id);
            self.write(rows).await?;
        }
        let mut after = Uuid::nil();
        loop {
            let ids = self.database.of_changes(since, after).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            for ids in ids.chunks(FILMS.into()) {
                let rows = self.database.with_ids(ids).await?;
                self.write(rows).await?;
            }
        }
    }

    /// Writes films, without `access`: they are closed until they are labelled. One that is in the index as it
    /// would be written is left alone.
    async fn write(&mut self, rows: Vec<FilmRow>) -> Result<(), LabelerError> {
        self.synced.seen += rows.len() as u64;
        let films: Vec<_> =
            rows.into_iter().map(|row| (row.id, self.film(row.film.as_deref()))).collect();
        let indexed = self.indexed(films.iter().map(|(id, _)| *id)).await?;
        let mut queue = VecDeque::new();
        for (id, film) in films {
            let is_indexed = |film: &Film| {
                let document: Option<Value> = serde_json::from_str(&film.document).ok();
                document.is_some() && indexed.get(film.id.as_str()) == document.as_ref()
            };
            match film {
                Ok(film) if is_indexed(&film) => {}
                Ok(film) => queue.push_back(Entry { number: 0, raw: Vec::new(), film: Ok(film) }),
                Err(bad) => self.synced.skip(&id.to_string(), &bad),
            }
        }
        while !queue.is_empty() {
            for Done { entry, .. } in self.writer.write(&mut queue).await? {
                match &entry.film {
                    Ok(film) => self.synced.add(film),
                    Err(bad) => self.synced.skip("a film", bad),
                }
            }
        }
        Ok(())
    }

    fn film(&self, row: Option<&str>) -> Result<Film, BadLine> {
        let row = row.ok_or(BadLine::TooLong)?;
        let fields = serde_json::from_str(row).map_err(|error| BadLine::Json(error.to_string()))?;
        self.mapping.film(fields)
    }

    /// The films of these ids that the index has, without `access`.
    async fn indexed(
        &self,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<String, Value>, ElasticError> {
        #[derive(Deserialize)]
        struct Response {
            docs: Vec<Found>,
        }
        #[derive(Deserialize)]
        struct Found {
            #[serde(rename = "_id")]
            id: String,
            #[serde(rename = "_source")]
            source: Option<Value>,
        }
        let operation = "read films";
        let elastic = &self.target.elastic;
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let get = elastic.client.mget(MgetParts::Index(&elastic.index));
        let response = body(get.body(json!({ "ids": ids })).send().await, operation).await?;
        let response: Response = read(&response, operation)?;
        let films = response.docs.into_iter().filter_map(|Found { id, source }| {
            let mut source = source?;
            source.as_object_mut()?.remove("access");
            Some((id, source))
        });
        Ok(films.collect())
    }
}
