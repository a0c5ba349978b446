//! One run per index at a time, by locks of PostgreSQL that end with their connection.

use service::{
    clock::Clock,
    database::{ClockReading, DEFAULT_TOLERANCE, DatabaseUrl, DedicatedConnection, Limits},
};

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError},
};

/// The right to label the films of every index behind a name, by whatever name another process calls them. Without it nothing would be wrong, since a write applies
/// only to the version that was read; the work would be done twice.
pub(crate) struct Exclusive(DedicatedConnection);

impl Exclusive {
    /// `None` while another process has it for one of the indices.
    ///
    /// # Errors
    /// PostgreSQL or Elasticsearch is unavailable, or its clock differs: labels that hold until some time would end too
    /// early by a clock that is ahead.
    pub(crate) async fn acquire(
        url: &DatabaseUrl,
        elastic: &Elastic,
        clock: &Clock,
    ) -> Result<Option<Self>, LabelerError> {
        let mut connection = DedicatedConnection::new(url.options(), Limits::REQUEST);
        let unavailable = |source| LabelerError::Connect { database: url.to_string(), source };
        let connected = connection.get().await.map_err(unavailable)?;
        ClockReading::take(connected, clock).await?.within(DEFAULT_TOLERANCE)?;
        // In one order, so that of two processes that want the same indices one has them.
        for index in indices(elastic).await? {
            let acquired: bool =
                sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
                    .bind(format!("etl-labeler/{index}"))
                    .fetch_one(connection.get().await?)
                    .await?;
            if !acquired {
                Self(connection).release().await;
                return Ok(None);
            }
        }
        Ok(Some(Self(connection)))
    }

    /// Before the end of the connection, which PostgreSQL may notice later than the next run begins. A
    /// connection that is broken has released the lock already.
    pub(crate) async fn release(mut self) {
        if let Ok(connection) = self.0.get().await {
            let _ = sqlx::query("SELECT pg_advisory_unlock_all()").execute(connection).await;
        }
    }
}

/// The indices behind the name, sorted; the name itself if there is none, for the run that says so.
async fn indices(elastic: &Elastic) -> Result<Vec<String>, ElasticError> {
    match elastic.mappings().await {
        Err(ElasticError::NoIndex(name)) => Ok(vec![name]),
        mappings => Ok(mappings?.into_keys().collect()),
    }
}
