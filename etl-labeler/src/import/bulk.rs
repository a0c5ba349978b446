//! Writes films in bulk requests, no faster than Elasticsearch takes them.

use std::collections::{HashSet, VecDeque};

use elasticsearch::BulkParts;
use serde_json::json;

use super::{bad_line::BadLine, reader::Entry};
use crate::{
    LabelerError,
    bulk_items::{self, ItemResult},
    elastic::{Elastic, ElasticError, ErrorCause},
};

const WRITE: &str = "write films";
const MAX_BYTES: usize = 8 << 20;
const MIN_BYTES: usize = 64 << 10;

/// Writes through an alias and never creates an index.
pub(super) struct Writer<'a> {
    elastic: &'a Elastic,
    alias: &'a str,
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
    pub(super) fn new(elastic: &'a Elastic, alias: &'a str) -> Self {
        Self { elastic, alias, bytes: MAX_BYTES }
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
        let mut attempts = self.elastic.attempts();
        loop {
            let batch = self.take(queue);
            let busy = match self.send(batch, queue).await {
                Ok(Sent { done, busy: None }) => {
                    attempts.succeeded();
                    self.bytes = (self.bytes * 2).min(MAX_BYTES);
                    return Ok(done);
                }
                Ok(Sent { done, .. }) if !done.is_empty() => {
                    self.bytes = (self.bytes / 2).max(MIN_BYTES);
                    return Ok(done);
                }
                Ok(Sent { busy: Some(error), .. }) | Err(error) => error,
            };
            if !is_temporary(&busy) {
                return Err(busy.into());
            }
            self.bytes = (self.bytes / 2).max(MIN_BYTES);
            attempts.wait_anyway(busy).await?;
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
        let bulk = async || {
            let bulk = self.elastic.client.bulk(BulkParts::Index(self.alias)).require_alias(true);
            let bulk = bulk.filter_path(&["items.*.status", "items.*.result", "items.*.error.*"]);
            bulk.body(vec![&lines]).send().await
        };
        // Another attempt is smaller: see `write`.
        let response = self.elastic.at_once().ask(WRITE, bulk).await?;
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
        if result.status < 300 {
            let replaced = result.result.as_deref() == Some("updated");
            sent.done.push(Done { entry, replaced });
        } else if let Some(error) = result.error.as_ref().filter(|error| is_of_document(error)) {
            let (kind, reason) = (error.kind().to_owned(), error.to_string());
            let film = Err(BadLine::Refused { kind, reason });
            sent.done.push(Done { entry: Entry { film, ..entry }, replaced: false });
        } else {
            let error = result.refused(WRITE);
            let first = if is_temporary(&error) { &mut sent.busy } else { &mut fatal };
            first.get_or_insert(error);
            again.push(entry);
        }
    }
    put_back(queue, again);
    match fatal {
        Some(error) => Err(error),
        None => Ok(sent),
    }
}

/// Whether Elasticsearch refuses the document. Anything else, such as a closed index, a missing privilege
/// or a pipeline that does not exist, it would say of every film.
fn is_of_document(error: &ErrorCause) -> bool {
    match error.kind() {
        "document_parsing_exception"
        | "mapper_parsing_exception"
        | "strict_dynamic_mapping_exception" => true,
        // With a cause, it is about a value, such as a keyword that is too long.
        "illegal_argument_exception" => error.has_cause(),
        _ => false,
    }
}

/// Overload, a tripped circuit breaker, a restart: the same request can succeed later, or a smaller one.
fn is_temporary(error: &ElasticError) -> bool {
    match error {
        ElasticError::Unreachable { .. } => true,
        ElasticError::Refused { status, .. } => matches!(status, 408 | 413 | 429 | 500..),
        _ => false,
    }
}
