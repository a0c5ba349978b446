//! One run per index at a time, by a lock of PostgreSQL that ends with its connection.

use service::{
    clock::Clock,
    database::{ClockReading, DEFAULT_TOLERANCE, DatabaseUrl, DedicatedConnection, Limits},
};

use crate::{LabelerError, elastic::Elastic};

/// The right to label the films of an index. Without it nothing would be wrong, since a write applies
/// only to the version that was read; the work would be done twice.
pub(crate) struct Exclusive(DedicatedConnection);

impl Exclusive {
    /// `None` while another process has it.
    ///
    /// # Errors
    /// PostgreSQL is unavailable, or its clock differs: labels that hold until some time would end too
    /// early by a clock that is ahead.
    pub(crate) async fn acquire(
        url: &DatabaseUrl,
        elastic: &Elastic,
        clock: &Clock,
    ) -> Result<Option<Self>, LabelerError> {
        let mut connection = DedicatedConnection::new(url.options(), Limits::REQUEST);
        ClockReading::take(connection.get().await?, clock).await?.within(DEFAULT_TOLERANCE)?;
        let acquired = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(format!("etl-labeler/{}", elastic.index))
            .fetch_one(connection.get().await?)
            .await?;
        Ok(if acquired { Some(Self(connection)) } else { None })
    }

    /// Before the end of the connection, which PostgreSQL may notice later than the next run begins. A
    /// connection that is broken has released the lock already.
    pub(crate) async fn release(mut self) {
        if let Ok(connection) = self.0.get().await {
            let _ = sqlx::query("SELECT pg_advisory_unlock_all()").execute(connection).await;
        }
    }
}
