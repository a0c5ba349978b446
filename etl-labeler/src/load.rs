//! Writes changed films.

use elasticsearch::BulkParts;
use serde::Deserialize;

use crate::{
    elastic::{Elastic, ElasticError, Fault, body, read},
    label::Change,
};

const WRITE: &str = "write labels";

/// How a bulk request ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Films written.
    pub written: u64,
    /// Films that were changed or deleted after they had been read, and so left alone.
    pub conflicts: u64,
    /// Films that Elasticsearch refused to write, each with its reason.
    pub refused: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    errors: bool,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    update: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    error: Option<Fault>,
}

impl Elastic {
    /// Writes the changes of one page.
    ///
    /// # Errors
    /// [`ElasticError`] when the request as a whole fails or Elasticsearch is overloaded.
    pub(crate) async fn write(&self, changes: &[Change]) -> Result<Loaded, ElasticError> {
        if changes.is_empty() {
            return Ok(Loaded::default());
        }
        let lines: String = changes.iter().map(|change| change.update.as_str()).collect();
        let bulk = self.client.bulk(BulkParts::None).filter_path(&[
            "errors",
            "items.*._id",
            "items.*.status",
            "items.*.error.*",
        ]);
        let answer = body(bulk.body(vec![lines]).send().await, WRITE).await?;
        let answer: Answer = read(&answer, WRITE)?;
        if !answer.errors {
            return Ok(Loaded { written: changes.len() as u64, ..Loaded::default() });
        }
        sorted(answer.items)
    }
}

fn sorted(items: Vec<Item>) -> Result<Loaded, ElasticError> {
    let mut loaded = Loaded::default();
    for Item { update } in items {
        let reason = || update.error.as_ref().map(ToString::to_string).unwrap_or_default();
        match update.status {
            200..=299 => loaded.written += 1,
            404 | 409 => loaded.conflicts += 1,
            400..=499 if update.status != 429 => {
                loaded.refused.push(format!("{}: {}", update.id, reason()));
            }
            status => {
                return Err(ElasticError::Refused {
                    attempt: WRITE.to_owned(),
                    status,
                    reason: reason(),
                });
            }
        }
    }
    Ok(loaded)
}
