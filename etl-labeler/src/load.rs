//! Writes changed films.

use elasticsearch::BulkParts;

use crate::{
    bulk_items::{self, ItemResult},
    elastic::{Elastic, ElasticError, ErrorCause, body},
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
        let bulk = self.client.bulk(BulkParts::None);
        let bulk = bulk.filter_path(&["items.*._id", "items.*.status", "items.*.error.*"]);
        let response = body(bulk.body(vec![lines]).send().await, WRITE).await?;
        count(bulk_items::results(&response, WRITE)?)
    }
}

fn count(items: Vec<ItemResult>) -> Result<Loaded, ElasticError> {
    let mut loaded = Loaded::default();
    let mut blocked: Option<(u64, String)> = None;
    for item in items {
        match (item.status, item.error.as_ref().map(ErrorCause::kind)) {
            (_, Some("cluster_block_exception")) => {
                blocked.get_or_insert_with(|| (0, item.reason())).0 += 1;
            }
            (200..=299, _) => loaded.written += 1,
            (404, Some("document_missing_exception")) | (409, _) => loaded.conflicts += 1,
            (400..=403 | 405..=428 | 430..=499, _) => {
                loaded.refused.push(format!("{}: {}", item.id, item.reason()));
            }
            (status, _) => {
                return Err(ElasticError::Refused {
                    operation: WRITE.to_owned(),
                    status,
                    reason: item.reason(),
                });
            }
        }
    }
    match blocked {
        Some((films, reason)) => Err(ElasticError::Blocked { films, reason }),
        None => Ok(loaded),
    }
}
