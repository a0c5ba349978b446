//! SQL about sessions; for what a refresh token stands for see `refresh_store`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::open::Device;

/// A session to be opened.
pub(crate) struct NewSession<'a> {
    pub id: Uuid,
    pub user: Uuid,
    pub number: i64,
    pub device: &'a Device,
    pub expires_at: DateTime<Utc>,
    pub absolute_until: DateTime<Utc>,
}

pub(crate) async fn insert(
    transaction: &mut PgConnection,
    new: &NewSession<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, number, device, address, created_at, last_seen_at,
                               expires_at, absolute_until)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
        new.id,
        new.user,
        new.number,
        new.device.name,
        new.device.address,
        now,
        new.expires_at,
        new.absolute_until,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Ends what is left when the user's `most` latest used sessions are taken away.
pub(crate) async fn end_surplus(
    transaction: &mut PgConnection,
    user: Uuid,
    most: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "UPDATE sessions SET ended_at = $3, end_reason = 'too_many_sessions' WHERE id IN (
             SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3
             ORDER BY last_seen_at DESC, number DESC OFFSET $2)
         AND ended_at IS NULL RETURNING id",
        user,
        most,
        now,
    )
    .fetch_all(transaction)
    .await
}

/// A session as its user sees it.
pub(crate) struct Living {
    /// Identifies it; the claim `sid` of its access tokens.
    pub id: Uuid,
    /// From the user agent of the login.
    pub device: Option<String>,
    /// Network address of the login.
    pub address: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last carried on by a refresh.
    pub last_seen_at: DateTime<Utc>,
}

/// The user's sessions that are alive, the latest used first.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn living(
    pool: &PgPool,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Living>> {
    sqlx::query_as!(
        Living,
        "SELECT id, device, address, created_at, last_seen_at FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         ORDER BY last_seen_at DESC, number DESC",
        user,
        now,
    )
    .fetch_all(pool)
    .await
}

/// True where the session has not ended.
pub(crate) async fn goes_on(
    transaction: &mut PgConnection,
    user: Uuid,
    session: Uuid,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM sessions WHERE id = $2 AND user_id = $1 AND ended_at IS NULL",
        user,
        session,
    );
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// Number of the last session that the user opened, if there is such a user. No other begins, nor
/// are others ended together, before the transaction is over.
pub(crate) async fn last_number(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT session_seq FROM users WHERE id = $1 FOR NO KEY UPDATE", user)
        .fetch_optional(transaction)
        .await
}

/// Ends one session of the user; false where it had ended before.
pub(crate) async fn end(
    transaction: &mut PgConnection,
    user: Uuid,
    session: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE sessions SET ended_at = $4, end_reason = $3
         WHERE id = $2 AND user_id = $1 AND ended_at IS NULL",
        user,
        session,
        reason,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the user's sessions up to a number, except one.
pub(crate) async fn end_up_to(
    transaction: &mut PgConnection,
    user: Uuid,
    number: i64,
    except: Option<Uuid>,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE sessions SET ended_at = $5, end_reason = $4
         WHERE user_id = $1 AND number <= $2 AND id IS DISTINCT FROM $3
           AND ended_at IS NULL",
        user,
        number,
        except,
        reason,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Forgets sessions opened before this time.
pub(crate) async fn forget_before(pool: &PgPool, created_at: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("DELETE FROM sessions WHERE created_at < $1", created_at)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

/// Forgets revocations of which no token can be alive.
pub(crate) async fn forget_revocations(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("DELETE FROM revocations WHERE expires_at <= $1", now).execute(pool).await?;
    Ok(done.rows_affected())
}
