//! Signing keys in PostgreSQL.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::db::{PgConnection, PgPool};

const ALGORITHM: &str = "EdDSA";

/// A stored key.
pub(super) struct KeyRow {
    pub(super) kid: String,
    pub(super) private_key: Vec<u8>,
    pub(super) signs_from: DateTime<Utc>,
    pub(super) retire_at: Option<DateTime<Utc>>,
}

/// Keys of tokens that may still be valid, newest first. One whose private key was erased is removed, even
/// if a clock that is behind says otherwise.
pub(super) async fn active(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        "SELECT kid, private_key, signs_from, retire_at FROM signing_keys
         WHERE algorithm = $1 AND revoked_at IS NULL AND private_key <> ''
           AND (retire_at IS NULL OR retire_at > $2)
         ORDER BY signs_from DESC",
        ALGORITHM,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Keys whose private key is not erased.
pub(super) async fn with_private_key(pool: &PgPool) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        "SELECT kid, private_key, signs_from, retire_at FROM signing_keys
         WHERE algorithm = $1 AND private_key <> ''",
        ALGORITHM,
    )
    .fetch_all(pool)
    .await
}

/// The public half of a key that was not revoked, and did not retire before `retired_after`.
pub(super) async fn public_key(
    pool: &PgPool,
    kid: &str,
    retired_after: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT public_key FROM signing_keys
         WHERE kid = $1 AND algorithm = $2 AND revoked_at IS NULL
           AND (retire_at IS NULL OR retire_at > $3)",
        kid,
        ALGORITHM,
        retired_after,
    )
    .fetch_optional(pool)
    .await
}

/// Keeps other servers from creating a key until the transaction ends.
pub(super) async fn lock(transaction: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(transaction)
        .await?;
    Ok(())
}

/// True if there is a key without a successor.
pub(super) async fn any(transaction: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM signing_keys WHERE algorithm = $1 AND retire_at IS NULL)
           AS "any!""#,
        ALGORITHM,
    )
    .fetch_one(transaction)
    .await
}

/// The life cycle of a key.
#[derive(Clone, Debug)]
pub struct KeyTimes {
    /// Key id.
    pub kid: String,
    /// When it was created and published.
    pub created_at: DateTime<Utc>,
    /// When it starts to sign.
    pub signs_from: DateTime<Utc>,
    /// When its last token has expired; none while it has no successor.
    pub retire_at: Option<DateTime<Utc>>,
    /// When it was taken out of use before its time.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The life cycles of all keys, newest first.
pub(super) async fn times(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<KeyTimes>> {
    sqlx::query_as!(
        KeyTimes,
        "SELECT kid, created_at, signs_from, retire_at, revoked_at FROM signing_keys
         WHERE algorithm = $1 ORDER BY signs_from DESC, created_at DESC",
        ALGORITHM,
    )
    .fetch_all(db)
    .await
}

/// The key without a successor.
pub(super) async fn newest(transaction: &mut PgConnection) -> sqlx::Result<Option<KeyTimes>> {
    sqlx::query_as!(
        KeyTimes,
        "SELECT kid, created_at, signs_from, retire_at, revoked_at FROM signing_keys
         WHERE algorithm = $1 AND retire_at IS NULL",
        ALGORITHM,
    )
    .fetch_optional(transaction)
    .await
}

/// Sets when a key retires.
pub(super) async fn retire(
    transaction: &mut PgConnection,
    kid: &str,
    retire_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE signing_keys SET retire_at = $2 WHERE kid = $1", kid, retire_at)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Takes a key out of use and erases its private key.
pub(super) async fn revoke(
    transaction: &mut PgConnection,
    kid: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE signing_keys
         SET revoked_at = $2, retire_at = least(retire_at, $2), private_key = ''
         WHERE kid = $1",
        kid,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Sets when a key starts to sign.
pub(super) async fn sign_from(
    transaction: &mut PgConnection,
    kid: &str,
    signs_from: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE signing_keys SET signs_from = $2 WHERE kid = $1", kid, signs_from)
        .execute(transaction)
        .await?;
    Ok(())
}

/// True if a key is removed whose private key is not erased.
pub(super) async fn any_to_erase(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM signing_keys WHERE retire_at <= $1 AND private_key <> '')
           AS "any!""#,
        now,
    )
    .fetch_one(pool)
    .await
}

/// Erases the private keys of removed keys.
pub(super) async fn erase_private_keys(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE signing_keys SET private_key = '' WHERE retire_at <= $1 AND private_key <> ''",
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A key to be stored.
pub(super) struct NewKey<'a> {
    pub(super) kid: &'a str,
    pub(super) public_key: &'a [u8],
    /// The encrypted private key.
    pub(super) private_key: &'a [u8],
    pub(super) created_at: DateTime<Utc>,
    pub(super) signs_from: DateTime<Utc>,
}

pub(super) async fn insert(transaction: &mut PgConnection, key: &NewKey<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO signing_keys (kid, algorithm, public_key, private_key, created_at, signs_from)
         VALUES ($1, $2, $3, $4, $5, $6)",
        key.kid,
        ALGORITHM,
        key.public_key,
        key.private_key,
        key.created_at,
        key.signs_from,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Replaces the encrypted private key, if it is still `old`.
pub(super) async fn replace_private_key(
    pool: &PgPool,
    kid: &str,
    old: &[u8],
    new: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE signing_keys SET private_key = $3 WHERE kid = $1 AND private_key = $2",
        kid,
        old,
        new,
    )
    .execute(pool)
    .await?;
    Ok(())
}
