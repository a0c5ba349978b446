//! The aliases through which labels are written.
//!
//! A bulk request to an index that was deleted meanwhile would create it again, with a mapping that
//! Elasticsearch guesses. Through an alias, which is gone with its index, it is refused.

use serde_json::{Value, json};

use crate::elastic::{Elastic, ElasticError};

/// The alias for writing to an index.
pub(crate) fn writer(index: &str) -> String {
    format!("{index}-labels")
}

impl Elastic {
    /// Creates the alias of every index behind the name, where it is missing. Searches with wildcards
    /// do not see it.
    pub(crate) async fn prepare_writers(&self) -> Result<(), ElasticError> {
        let indices = self.mappings().await?;
        let alias = |index: &String| json!({ "add": { "index": index, "alias": writer(index), "is_hidden": true } });
        let add: Vec<Value> = indices.keys().map(alias).collect();
        self.change_aliases(&add).await
    }
}
