//! State of the database server.

use chrono::{DateTime, Utc};

use crate::db::PgPool;

/// True if the database is read-only: a standby, or set so by an operator.
pub(crate) async fn is_read_only(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT current_setting('transaction_read_only') = 'on' AS "is!""#)
        .fetch_one(pool)
        .await
}

/// The clock of the database server.
pub(crate) async fn now(pool: &PgPool) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(pool).await
}
