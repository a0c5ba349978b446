//! SQL about signing keys.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

pub(super) const ALGORITHM: &str = "EdDSA";

/// A key as it stands in the database.
pub(super) struct KeyRow {
    pub kid: String,
    pub private_key: Vec<u8>,
    pub signs_from: DateTime<Utc>,
    pub dead_after: Option<DateTime<Utc>>,
}

/// Every key that may have signed a token that is still alive, the newest first.
pub(super) async fn living(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        "SELECT kid, private_key, signs_from, dead_after FROM signing_keys
         WHERE algorithm = $1 AND (dead_after IS NULL OR dead_after > $2)
         ORDER BY signs_from DESC",
        ALGORITHM,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Keeps other servers from making a key until the transaction ends.
pub(super) async fn lock(transaction: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(transaction)
        .await?;
    Ok(())
}

/// True where some key can sign from now on.
pub(super) async fn any(transaction: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM signing_keys WHERE algorithm = $1 AND dead_after IS NULL)
           AS "any!""#,
        ALGORITHM,
    )
    .fetch_one(transaction)
    .await
}

/// A new key.
pub(super) async fn insert(
    transaction: &mut PgConnection,
    kid: &str,
    public_key: &[u8],
    private_key: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO signing_keys (kid, algorithm, public_key, private_key, created_at, signs_from)
         VALUES ($1, $2, $3, $4, $5, $5)",
        kid,
        ALGORITHM,
        public_key,
        private_key,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Replaces the sealed private half, as long as it still is what was read.
pub(super) async fn reseal(
    pool: &PgPool,
    kid: &str,
    was: &[u8],
    private_key: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE signing_keys SET private_key = $3 WHERE kid = $1 AND private_key = $2",
        kid,
        was,
        private_key,
    )
    .execute(pool)
    .await?;
    Ok(())
}
