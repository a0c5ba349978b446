//! The time up to which an index is like the database. It is in the mapping of the index, so that it is gone
//! with the index.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::database::DatabaseUrl;

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError},
};

/// Key within `_meta` of the mapping.
const META: &str = "source";

/// In the time of the database.
#[derive(Deserialize, Serialize)]
pub(super) struct Position {
    /// Start of the last sync that has ended.
    pub(super) at: DateTime<Utc>,
    /// Start of the last one that compared all films.
    pub(super) full_at: DateTime<Utc>,
    /// The database. The position says nothing about another one.
    pub(super) source: String,
}

impl Position {
    /// The position in this database, if the one index behind the name has it.
    pub(super) async fn read(
        elastic: &Elastic,
        url: &DatabaseUrl,
    ) -> Result<Option<Self>, LabelerError> {
        let mappings = match elastic.mappings().await {
            Err(ElasticError::NoIndex(_)) => return Ok(None),
            mappings => mappings?,
        };
        let mut mappings = mappings.into_values();
        let mapping = mappings.next().filter(|_| mappings.next().is_none());
        let stored = mapping.and_then(|mut mapping| {
            serde_json::from_value::<Self>(mapping.pointer_mut("/_meta")?.get_mut(META)?.take())
                .ok()
        });
        Ok(stored.filter(|stored| stored.source == url.to_string()))
    }

    /// Stores it. A concurrent write of `_meta` may restore an older one, from which the next sync reads more
    /// than it has to.
    pub(super) async fn store(&self, elastic: &Elastic) -> Result<(), LabelerError> {
        Ok(elastic.store_meta(META, &json!(self)).await?)
    }
}
