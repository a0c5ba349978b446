//! SQL about signing keys.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

pub(crate) const ALGORITHM: &str = "EdDSA";

/// A key as it stands in the database.
pub(crate) struct KeyRow {
    pub kid: String,
    pub private_key: Vec<u8>,
    pub signs_from: DateTime<Utc>,
    pub retire_at: Option<DateTime<Utc>>,
}

/// Every key that may have signed a token that is still alive, the newest first.
pub(crate) async fn active(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        "SELECT kid, private_key, signs_from, retire_at FROM signing_keys
         WHERE algorithm = $1 AND (retire_at IS NULL OR retire_at > $2)
         ORDER BY signs_from DESC",
        ALGORITHM,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Keeps other servers from making a key until the transaction ends.
pub(crate) async fn lock(transaction: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(transaction)
        .await?;
    Ok(())
}

/// True where some key can sign from now on.
pub(crate) async fn any(transaction: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM signing_keys WHERE algorithm = $1 AND retire_at IS NULL)
           AS "any!""#,
        ALGORITHM,
    )
    .fetch_one(transaction)
    .await
}

/// When a key was made, signs and dies.
#[derive(Clone, Debug)]
pub struct KeyTimes {
    /// Names the key.
    pub kid: String,
    /// When it was made and published.
    pub created_at: DateTime<Utc>,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
    /// When the last token of it is dead; open while it has no successor.
    pub retire_at: Option<DateTime<Utc>>,
}

/// The times of every key there ever was, the newest first.
pub(crate) async fn times(pool: &PgPool) -> sqlx::Result<Vec<KeyTimes>> {
    sqlx::query_as!(
        KeyTimes,
        "SELECT kid, created_at, signs_from, retire_at FROM signing_keys WHERE algorithm = $1
         ORDER BY signs_from DESC",
        ALGORITHM,
    )
    .fetch_all(pool)
    .await
}

/// The key without a successor.
pub(crate) async fn newest(transaction: &mut PgConnection) -> sqlx::Result<Option<KeyTimes>> {
    sqlx::query_as!(
        KeyTimes,
        "SELECT kid, created_at, signs_from, retire_at FROM signing_keys
         WHERE algorithm = $1 AND retire_at IS NULL",
        ALGORITHM,
    )
    .fetch_optional(transaction)
    .await
}

/// Gives a key its end.
pub(crate) async fn retire(
    transaction: &mut PgConnection,
    kid: &str,
    retire_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE signing_keys SET retire_at = $2 WHERE kid = $1", kid, retire_at)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Throws away the private halves of keys that are dead.
pub(crate) async fn erase_private_keys(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE signing_keys SET private_key = '' WHERE retire_at <= $1 AND private_key <> ''",
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A new key: its id, its public half, its encrypted private half.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    (kid, public_key, private_key): (&str, &[u8], &[u8]),
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO signing_keys (kid, algorithm, public_key, private_key, created_at, signs_from)
         VALUES ($1, $2, $3, $4, $5, $6)",
        kid,
        ALGORITHM,
        public_key,
        private_key,
        now,
        signs_from,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Replaces the encrypted private half, as long as it still is what was read.
pub(crate) async fn reencrypt(
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
