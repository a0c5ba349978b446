//! One run per index at a time, by a lock of PostgreSQL that ends with its connection.

use service::database::{DatabaseUrl, Limits};
use sqlx::{Connection, PgConnection};

use crate::elastic::Elastic;

/// The right to label the films of an index. Without it nothing would be wrong, since a write applies
/// only to the version that was read; the work would be done twice.
pub(crate) struct Exclusive(PgConnection);

impl Exclusive {
    /// `None` while another process has it.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub(crate) async fn acquire(
        url: &DatabaseUrl,
        elastic: &Elastic,
    ) -> sqlx::Result<Option<Self>> {
        let options = Limits::REQUEST.direct(url.options());
        let mut connection = PgConnection::connect_with(&options).await?;
        let acquired = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(format!("etl-labeler/{}", elastic.index))
            .fetch_one(&mut connection)
            .await?;
        if acquired {
            return Ok(Some(Self(connection)));
        }
        connection.close().await?;
        Ok(None)
    }

    /// A connection that is broken has released the lock already.
    pub(crate) async fn release(self) {
        let _ = self.0.close().await;
    }
}
