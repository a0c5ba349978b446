//! Writes films in bulk requests of limited size.

use elasticsearch::BulkParts;
use serde::Deserialize;
use serde_json::json;

use super::film::Film;
use crate::elastic::{Elastic, ElasticError, ErrorCause, body, read};

const WRITE: &str = "write films";
const MAX_FILMS: usize = 5_000;
const MAX_BYTES: usize = 8 << 20;

/// The films of one bulk request, with their line numbers.
#[derive(Debug, Default)]
pub(super) struct Batch {
    lines: Vec<u64>,
    body: String,
}

#[derive(Deserialize)]
struct BulkResponse {
    items: Vec<BulkItem>,
}

#[derive(Deserialize)]
struct BulkItem {
    index: IndexResult,
}

#[derive(Deserialize)]
struct IndexResult {
    status: u16,
    error: Option<ErrorCause>,
}

impl Batch {
    pub(super) fn add(&mut self, line: u64, film: &Film) {
        self.lines.push(line);
        let action = json!({ "index": { "_id": film.id } });
        self.body
            .extend([action.to_string(), json!(film.document).to_string()].map(|line| line + "\n"));
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= MAX_FILMS || self.body.len() >= MAX_BYTES
    }

    /// Writes the batch to the index and clears it. Returns the lines that Elasticsearch refused, each
    /// with its number and the reason.
    pub(super) async fn write(
        &mut self,
        elastic: &Elastic,
    ) -> Result<Vec<(u64, String)>, ElasticError> {
        if self.lines.is_empty() {
            return Ok(Vec::new());
        }
        let lines = std::mem::take(&mut self.lines);
        let films = vec![std::mem::take(&mut self.body)];
        let bulk = elastic.client.bulk(BulkParts::Index(&elastic.index));
        let bulk = bulk.filter_path(&["items.*.status", "items.*.error.*"]).body(films);
        let response = body(bulk.send().await, WRITE).await?;
        let response: BulkResponse = read(&response, WRITE)?;
        let refused =
            lines.into_iter().zip(response.items).filter(|(_, item)| item.index.status >= 400);
        refused.map(|(line, item)| refused_line(line, &item.index)).collect()
    }
}

/// A refused line is skipped; an overloaded Elasticsearch ends the import.
fn refused_line(line: u64, result: &IndexResult) -> Result<(u64, String), ElasticError> {
    let reason = result.error.as_ref().map(ToString::to_string).unwrap_or_default();
    match result.status {
        status @ (429 | 500..) => {
            Err(ElasticError::Refused { operation: WRITE.to_owned(), status, reason })
        }
        _ => Ok((line, reason)),
    }
}
