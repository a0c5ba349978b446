//! Writes changed films.

use elasticsearch::BulkParts;
use serde::Deserialize;

use crate::{
    elastic::{Elastic, ElasticError, ErrorCause, body, read},
    label::FilmChange,
};

const WRITE: &str = "write labels";

/// The result of a bulk request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Number of films written.
    pub written: u64,
    /// Number of films that were changed or deleted after they were read, and therefore skipped.
    pub conflicts: u64,
    /// The films that Elasticsearch refused to write, each with its id and the reason.
    pub refused: Vec<String>,
}

#[derive(Deserialize)]
struct BulkResponse {
    errors: bool,
    #[serde(default)]
    items: Vec<BulkItem>,
}

#[derive(Deserialize)]
struct BulkItem {
    update: UpdateResult,
}

#[derive(Deserialize)]
struct UpdateResult {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    error: Option<ErrorCause>,
}

impl Elastic {
    /// Writes the changes of one page.
    ///
    /// # Errors
    /// [`ElasticError`] if the request as a whole fails or Elasticsearch is overloaded.
    pub(crate) async fn write(&self, changes: &[FilmChange]) -> Result<Loaded, ElasticError> {
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
        let response = body(bulk.body(vec![lines]).send().await, WRITE).await?;
        let response: BulkResponse = read(&response, WRITE)?;
        if !response.errors {
            return Ok(Loaded { written: changes.len() as u64, ..Loaded::default() });
        }
        count(response.items)
    }
}

fn count(items: Vec<BulkItem>) -> Result<Loaded, ElasticError> {
    let mut loaded = Loaded::default();
    for BulkItem { update } in items {
        let reason = || update.error.as_ref().map(ToString::to_string).unwrap_or_default();
        match update.status {
            200..=299 => loaded.written += 1,
            404 | 409 => loaded.conflicts += 1,
            400..=499 if update.status != 429 => {
                loaded.refused.push(format!("{}: {}", update.id, reason()));
            }
            status => {
                return Err(ElasticError::Refused {
                    operation: WRITE.to_owned(),
                    status,
                    reason: reason(),
                });
            }
        }
    }
    Ok(loaded)
}
