//! Writes films in bulk requests, no faster than Elasticsearch takes them.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use elasticsearch::BulkParts;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    bad_line::BadLine,
    reader::Entry,
    retry::{FIRST_DELAY, MAX_DELAY},
};
use crate::{
    LabelerError,
    bulk_items::{self, ItemResult},
    elastic::{Elastic, ElasticError, ErrorCause, body},
};

const WRITE: &str = "write films";
const MAX_BYTES: usize = 8 << 20;
const MIN_BYTES: usize = 64 << 10;

/// Writes through an alias and never creates an index.
pub(super) struct Writer<'a> {
    elastic: &'a Elastic,
    alias: &'a str,
    /// How long Elasticsearch may accept nothing.
    retry_for: Duration,
    stop: &'a CancellationToken,
    /// Size of the next request; smaller after Elasticsearch was overloaded.
    bytes: usize,
}

/// An entry that needs nothing more: it was written, or it is bad.
pub(super) struct Done {
    pub(super) entry: Entry,
    /// It replaced a film.
    pub(super) replaced: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        elastic: &'a Elastic,
        alias: &'a str,
        retry_for: Duration,
        stop: &'a CancellationToken,
    ) -> Self {
        Self { elastic, alias, retry_for, stop, bytes: MAX_BYTES }
    }

    /// Writes the first entries of the queue, as many as one request holds, and removes them. What
    /// Elasticsearch was too busy for is repeated until it is written.
    ///
    /// # Errors
    /// Elasticsearch is overloaded or unreachable for too long, or refuses all writes. The queue then
    /// begins with the first entry that is not done.
    pub(super) async fn write(
        &mut self,
        queue: &mut VecDeque<Entry>,
    ) -> Result<Vec<Done>, LabelerError> {
        let (mut delay, started) = (FIRST_DELAY, Instant::now());
        loop {
            let batch = self.take(queue);
            let busy = match self.send(batch, queue).await {
                Ok(Sent { done, busy: None }) => {
                    self.bytes = (self.bytes * 2).min(MAX_BYTES);
                    return Ok(done);
                }
                Ok(Sent { done, .. }) if !done.is_empty() => {
                    self.bytes = (self.bytes / 2).max(MIN_BYTES);
                    return Ok(done);
                }
                Ok(Sent { busy: Some(error), .. }) | Err(error) => error,
            };
            if !is_temporary(&busy) || started.elapsed() + delay > self.retry_for {
                return Err(busy.into());
            }
            tracing::warn!(error = %busy, "writing again in {delay:?}");
            self.bytes = (self.bytes / 2).max(MIN_BYTES);
            tokio::select! {
                () = tokio::time::sleep(delay) => delay = (delay * 2).min(MAX_DELAY),
                () = self.stop.cancelled() => return Err(LabelerError::Interrupted),
            }
        }
    }

    /// Takes entries for one request. It holds no id twice, so that a film that is written again later
    /// never replaces one from a line below it.
    fn take(&self, queue: &mut VecDeque<Entry>) -> Vec<Entry> {
        let (mut batch, mut bytes, mut ids) = (Vec::new(), 0, HashSet::new());
        while let Some(entry) = queue.front() {
            if let Ok(film) = &entry.film {
                bytes += film.document.len() + film.id.len();
                let first = ids.is_empty();
                if !ids.insert(film.id.clone()) || (bytes > self.bytes && !first) {
                    break;
                }
            }
            batch.extend(queue.pop_front());
        }
        batch
    }

    /// Sends a batch. What was not accepted is back in the queue.
    async fn send(
        &self,
        batch: Vec<Entry>,
        queue: &mut VecDeque<Entry>,
    ) -> Result<Sent, ElasticError> {
        let lines: Vec<u8> = batch.iter().flat_map(action).collect();
        let results = if lines.is_empty() { Ok(Vec::new()) } else { self.request(lines).await };
        let results = match results {
            Ok(results) => results,
            Err(ElasticError::Refused { status: 413, reason, .. })
                if batch.iter().filter(|entry| entry.film.is_ok()).count() == 1 =>
            {
                let kind = "too large".to_owned();
                let refused = |entry: Entry| match entry.film {
                    Ok(_) => {
                        let (kind, reason) = (kind.clone(), reason.clone());
                        Entry { film: Err(BadLine::Refused { kind, reason }), ..entry }
                    }
                    Err(_) => entry,
                };
                let done =
                    batch.into_iter().map(|entry| Done { entry: refused(entry), replaced: false });
                return Ok(Sent { done: done.collect(), busy: None });
            }
            Err(error) => {
                put_back(queue, batch);
                return Err(error);
            }
        };
        sort(batch, results, queue)
    }

    async fn request(&self, lines: Vec<u8>) -> Result<Vec<ItemResult>, ElasticError> {
        let bulk = self.elastic.client.bulk(BulkParts::Index(self.alias)).require_alias(true);
        let bulk = bulk.filter_path(&["items.*.status", "items.*.result", "items.*.error.*"]);
        let response = body(bulk.body(vec![lines]).send().await, WRITE).await?;
        bulk_items::results(&response, WRITE)
    }
}

/// What became of a batch.
struct Sent {
    done: Vec<Done>,
    /// Elasticsearch was too busy for the others, which are back in the queue.
    busy: Option<ElasticError>,
}

/// The two lines of a film in the request; none for a bad line.
fn action(entry: &Entry) -> Vec<u8> {
    entry.film.as_ref().map_or_else(
        |_| Vec::new(),
        |film| {
            let action = json!({ "index": { "_id": film.id } });
            format!("{action}\n{}\n", film.document).into_bytes()
        },
    )
}

fn put_back(queue: &mut VecDeque<Entry>, entries: Vec<Entry>) {
    entries.into_iter().rev().for_each(|entry| queue.push_front(entry));
}

/// Sorts a batch by its results: done, or back into the queue.
fn sort(
    batch: Vec<Entry>,
    results: Vec<ItemResult>,
    queue: &mut VecDeque<Entry>,
) -> Result<Sent, ElasticError> {
    let (mut sent, mut again) = (Sent { done: Vec::new(), busy: None }, Vec::new());
    let mut fatal = None;
    let mut results = results.into_iter();
    for entry in batch {
        let result = if entry.film.is_ok() { results.next() } else { None };
        let Some(result) = result else {
            sent.done.push(Done { entry, replaced: false });
            continue;
        };
        let replaced = result.result.as_deref() == Some("updated");
        match (result.status, result.error) {
            (200..=299, _) => sent.done.push(Done { entry, replaced }),
            (status @ (401 | 403 | 404 | 429 | 500..), error) => {
                let error = refused(status, error.as_ref());
                let first = if is_temporary(&error) { &mut sent.busy } else { &mut fatal };
                first.get_or_insert(error);
                again.push(entry);
            }
            (_, error) => {
                let kind = error.as_ref().map(|error| error.kind().to_owned()).unwrap_or_default();
                let reason = error.map(|error| error.to_string()).unwrap_or_default();
                let film = Err(BadLine::Refused { kind, reason });
                sent.done.push(Done { entry: Entry { film, ..entry }, replaced: false });
            }
        }
    }
    put_back(queue, again);
    match fatal {
        Some(error) => Err(error),
        None => Ok(sent),
    }
}

fn refused(status: u16, error: Option<&ErrorCause>) -> ElasticError {
    let reason = error.map(ToString::to_string).unwrap_or_default();
    ElasticError::Refused { operation: WRITE.to_owned(), status, reason }
}

/// Overload, a tripped circuit breaker, a restart: the same request can succeed later, or a smaller one.
fn is_temporary(error: &ElasticError) -> bool {
    match error {
        ElasticError::Unreachable { .. } => true,
        ElasticError::Refused { status, .. } => matches!(status, 408 | 413 | 429 | 500..),
        _ => false,
    }
}
