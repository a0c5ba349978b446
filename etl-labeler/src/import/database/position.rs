//! The time up to which an index is like the database. It is in the mapping of the index, so that it is gone
//! with the index.

use chrono::{DateTime, NaiveTime, Utc};
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Position {
    /// Start of the last sync that has ended, besides those that found no change.
    pub at: DateTime<Utc>,
    /// Start of the last one that compared all films.
    pub full_at: DateTime<Utc>,
    /// The database. The position says nothing about another one.
    pub source: String,
}

impl Position {
    /// The position in this database, if the one index behind the name has it.
    pub(super) async fn read(
        elastic: &Elastic,
        url: &DatabaseUrl,
    ) -> Result<Option<Self>, LabelerError> {
        match Self::stored(elastic).await {
            Err(ElasticError::NoIndex(_)) => Ok(None),
            stored => Ok(stored?.filter(|stored| stored.source == url.to_string())),
        }
    }

    /// The position in whichever database, if the one index behind the name has it.
    pub(crate) async fn stored(elastic: &Elastic) -> Result<Option<Self>, ElasticError> {
        let mut mappings = elastic.mappings().await?.into_values();
        let mapping = mappings.next().filter(|_| mappings.next().is_none());
        Ok(mapping.and_then(|mut mapping| {
            serde_json::from_value(mapping.pointer_mut("/_meta")?.get_mut(META)?.take()).ok()
        }))
    }

    /// When the first sync compares all films again: the next day, in UTC.
    #[must_use]
    pub fn next_full_at(&self) -> Option<DateTime<Utc>> {
        Some(self.full_at.date_naive().succ_opt()?.and_time(NaiveTime::MIN).and_utc())
    }

    /// Stores it. A concurrent write of `_meta` may restore an older one, from which the next sync reads more
    /// than it has to.
    pub(super) async fn store(&self, elastic: &Elastic) -> Result<(), LabelerError> {
        Ok(elastic.store_meta(META, &json!(self)).await?)
    }
}
