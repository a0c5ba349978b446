//! Writes the films that differ from what the index has.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, SecondsFormat, Utc};
use elasticsearch::MgetParts;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Sync,
    deletions::Gone,
    queries::{FILMS, FilmDatabase, FilmRow},
    summary::Synced,
};
use crate::{
    LabelerError,
    elastic::{ElasticError, read},
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
        let writer = Writer::new(sync.elastic, &target.writer);
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
    /// would be written is left alone. One that cannot be indexed is taken from the index, where a former
    /// version of it might be open to more users than this one.
    async fn write(&mut self, rows: Vec<FilmRow>) -> Result<(), LabelerError> {
        self.synced.seen += rows.len() as u64;
        let indexed = self.indexed(&rows).await?;
        let (mut queue, mut skipped) = (VecDeque::new(), Vec::new());
        for (row, number) in rows.iter().zip(0..) {
            let film = self.film(row.film.as_deref());
            if !film.as_ref().is_ok_and(|film| is_in(&indexed, film)) {
                queue.push_back(Entry { number, raw: Vec::new(), film });
            }
        }
        while !queue.is_empty() {
            for Done { entry: Entry { number, film, .. }, .. } in
                self.writer.write(&mut queue).await?
            {
                match (film, rows.get(usize::try_from(number).unwrap_or(usize::MAX))) {
                    (Ok(film), _) => self.synced.add(&film),
                    (Err(bad), Some(FilmRow { id, .. })) => {
                        self.synced.skip(*id, &bad);
                        skipped.push(Gone { id: *id, version: None, routing: None });
                    }
                    (Err(_), None) => {}
                }
            }
        }
        if !skipped.is_empty() {
            self.target.written().delete(&skipped).await?;
        }
        Ok(())
    }

    fn film(&self, row: Option<&str>) -> Result<Film, BadLine> {
        let row = row.ok_or(BadLine::TooLong)?;
        let fields = serde_json::from_str(row).map_err(|error| BadLine::Json(error.to_string()))?;
        self.mapping.film(fields)
    }

    /// The films of these rows that the index has, without `access`.
    async fn indexed(&self, rows: &[FilmRow]) -> Result<HashMap<String, Value>, ElasticError> {
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
        let elastic = self.target.written();
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = json!({ "ids": ids });
        let get =
            async || elastic.client.mget(MgetParts::Index(&elastic.index)).body(&ids).send().await;
        let response = elastic.ask(operation, get).await?;
        let response: Response = read(&response, operation)?;
        let films = response.docs.into_iter().filter_map(|Found { id, source }| {
            let mut source = source?;
            source.as_object_mut()?.remove("access");
            Some((id, source))
        });
        Ok(films.collect())
    }
}

/// Whether the index has exactly this film.
fn is_in(indexed: &HashMap<String, Value>, film: &Film) -> bool {
    let stored = indexed.get(&film.id);
    stored.is_some_and(|stored| {
        serde_json::from_str::<Value>(&film.document).is_ok_and(|film| film == *stored)
    })
}
