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
    /// On its shard an update becomes the indexing of the whole film, which can fail under that name.
    #[serde(alias = "index")]
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
    let mut blocked: Option<(u64, String)> = None;
    for BulkItem { update } in items {
        let reason = || update.error.as_ref().map(ToString::to_string).unwrap_or_default();
        match (update.status, update.error.as_ref().map(ErrorCause::kind)) {
            (_, Some("cluster_block_exception")) => {
                blocked.get_or_insert_with(|| (0, reason())).0 += 1;
            }
            (200..=299, _) => loaded.written += 1,
            (404, Some("document_missing_exception")) | (409, _) => loaded.conflicts += 1,
            (400..=403 | 405..=428 | 430..=499, _) => {
                loaded.refused.push(format!("{}: {}", update.id, reason()));
            }
            (status, _) => {
                return Err(ElasticError::Refused {
                    operation: WRITE.to_owned(),
                    status,
                    reason: reason(),
                });
            }
        }
    }
    match blocked {
        Some((films, reason)) => Err(ElasticError::Blocked { films, reason }),
        None => Ok(loaded),
    }
}
