use elasticsearch::BulkParts;
use serde::Deserialize;
use serde_json::json;

use super::film::Film;
use crate::elastic::{Elastic, ElasticError, Fault, body, read};

const STORE: &str = "store films";
const MAX_FILMS: usize = 5_000;
const MAX_BYTES: usize = 8 << 20;

/// Films on their way into one bulk request, with the numbers of their lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    lines: Vec<u64>,
    body: String,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    error: Option<Fault>,
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

    /// Empties the batch into the index and returns the lines that Elasticsearch refused.
    pub(super) async fn store(
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
        let answer = body(bulk.send().await, STORE).await?;
        let answer: Answer = read(&answer, STORE)?;
        let refused =
            lines.into_iter().zip(answer.items).filter(|(_, item)| item.index.status >= 400);
        refused.map(|(line, item)| refusal(line, &item.index)).collect()
    }
}

/// A line that Elasticsearch refuses is bad; an overloaded Elasticsearch ends the import.
fn refusal(line: u64, outcome: &Outcome) -> Result<(u64, String), ElasticError> {
    let reason = outcome.error.as_ref().map(ToString::to_string).unwrap_or_default();
    match outcome.status {
        status @ (429 | 500..) => {
            Err(ElasticError::Refused { attempt: STORE.to_owned(), status, reason })
        }
        _ => Ok((line, reason)),
    }
}
