//! What became of the items of a bulk request, whatever each was to do.

use serde::Deserialize;

use crate::elastic::{ElasticError, ErrorCause, read};

/// The result of one item.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemResult {
    #[serde(default, rename = "_id")]
    pub(crate) id: String,
    pub(crate) status: u16,
    /// `created`, `updated` …
    pub(crate) result: Option<String>,
    pub(crate) error: Option<ErrorCause>,
}

impl ItemResult {
    /// The error of the whole operation, if this item says why.
    pub(crate) fn refused(&self, operation: &str) -> ElasticError {
        self.error.as_ref().unwrap_or(&ErrorCause::default()).refused(operation, self.status)
    }

    /// Elasticsearch's message, empty without an error.
    pub(crate) fn reason(&self) -> String {
        self.error.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    items: Vec<Item>,
}

/// On its shard an update becomes the indexing of the whole document, which can fail under that name.
#[derive(Deserialize)]
struct Item {
    #[serde(alias = "update", alias = "delete")]
    index: ItemResult,
}

/// The results of a response, in the order of the items.
pub(crate) fn results(response: &[u8], operation: &str) -> Result<Vec<ItemResult>, ElasticError> {
    let Response { items } = read(response, operation)?;
    Ok(items.into_iter().map(|item| item.index).collect())
}
