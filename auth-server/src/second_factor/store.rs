//! SQL of second factors, recovery codes and consumed challenges.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::db::{PgConnection, PgPool};
use crate::token::Challenge;

/// A second factor in the database.
pub(crate) struct Factor {
    /// Encrypted.
    pub secret: Vec<u8>,
    /// False until its first code is verified.
    pub confirmed: bool,
    /// Invalid codes since the last valid one.
    pub failures: i32,
    /// End of the lockout delay.
    pub locked_until: Option<DateTime<Utc>>,
}

/// When the user's second factor was enabled; none if there is no enabled one.
pub(crate) async fn enabled_since(
    database: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let row =
        sqlx::query_scalar!("SELECT confirmed_at FROM second_factors WHERE user_id = $1", user);
    Ok(row.fetch_optional(database).await?.flatten())
}

/// The state of a user's second factor.
pub(crate) struct Status {
    pub enabled: bool,
    /// Recovery codes that have not been used.
    pub remaining_codes: i64,
}

/// Whether the user has an enabled second factor, and the number of remaining recovery codes.
pub(crate) async fn status(pool: &PgPool, user: Uuid) -> sqlx::Result<Status> {
    sqlx::query_as!(
        Status,
        r#"SELECT EXISTS (SELECT FROM second_factors
                          WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS "enabled!",
                  (SELECT count(*) FROM recovery_codes WHERE user_id = $1) AS "remaining_codes!""#,
        user,
    )
    .fetch_one(pool)
    .await
}

/// Stores an unconfirmed secret, replacing another unconfirmed one. False if the user has an enabled
/// second factor, which is kept.
pub(crate) async fn start_enrollment(
    database: &mut PgConnection,
    user: Uuid,
    secret: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO second_factors (user_id, secret, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET secret = $2, created_at = $3
         WHERE second_factors.confirmed_at IS NULL",
        user,
        secret,
        now,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Locks the user's second factor until the transaction ends.
pub(crate) async fn lock(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        r#"SELECT secret, confirmed_at IS NOT NULL AS "confirmed!", failures, locked_until
           FROM second_factors WHERE user_id = $1 FOR UPDATE"#,
        user,
    )
    .fetch_optional(transaction)
    .await
}

/// Enables the second factor and consumes the step of its first code. False if it is enabled already.
pub(crate) async fn confirm(
    transaction: &mut PgConnection,
    user: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE second_factors SET confirmed_at = $3, last_step = $2, failures = 0,
             locked_until = NULL
         WHERE user_id = $1 AND confirmed_at IS NULL",
        user,
        step,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Consumes a time step and resets failures. False if it or a later one was consumed before.
pub(crate) async fn consume_step(
    transaction: &mut PgConnection,
    user: Uuid,
    step: i64,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE second_factors SET last_step = $2, failures = 0, locked_until = NULL
         WHERE user_id = $1 AND last_step < $2",
        user,
        step,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Consumes a recovery code. False if there is no such code.
pub(crate) async fn consume_recovery_code(
    transaction: &mut PgConnection,
    user: Uuid,
    hash: &[u8],
) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", user, hash)
            .execute(transaction)
            .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn reset_failures(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET failures = 0, locked_until = NULL WHERE user_id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

pub(crate) async fn record_failure(
    transaction: &mut PgConnection,
    user: Uuid,
    failures: i32,
    locked_until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET failures = $2, locked_until = $3 WHERE user_id = $1",
        user,
        failures,
        locked_until,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Replaces the user's recovery codes.
pub(crate) async fn replace_recovery_codes(
    transaction: &mut PgConnection,
    user: Uuid,
    hashes: &[Vec<u8>],
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1", user)
        .execute(&mut *transaction)
        .await?;
    sqlx::query!(
        "INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])",
        user,
        hashes,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Deletes the second factor. True if it was enabled.
pub(crate) async fn remove(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    let enabled = sqlx::query_scalar!(
        r#"DELETE FROM second_factors WHERE user_id = $1
           RETURNING confirmed_at IS NOT NULL AS "enabled!""#,
        user,
    )
    .fetch_optional(transaction)
    .await?;
    Ok(enabled.unwrap_or(false))
}

/// A user's encrypted secret.
pub(crate) struct EncryptedSecret {
    pub user: Uuid,
    pub secret: Vec<u8>,
}

/// Encrypted secrets in order of user ids.
pub(crate) async fn page(
    pool: &PgPool,
    after: Uuid,
    rows: i64,
) -> sqlx::Result<Vec<EncryptedSecret>> {
    let rows = sqlx::query!(
        "SELECT user_id, secret FROM second_factors WHERE user_id > $1 ORDER BY user_id LIMIT $2",
        after,
        rows,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| EncryptedSecret { user: row.user_id, secret: row.secret })
        .collect())
}

/// Replaces one encrypted form of a secret with another.
pub(crate) async fn replace_secret(
    db: impl PgExecutor<'_>,
    user: Uuid,
    before: &[u8],
    after: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET secret = $3 WHERE user_id = $1 AND secret = $2",
        user,
        before,
        after,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// True if a session was opened with this challenge.
pub(crate) async fn is_challenge_consumed(
    transaction: &mut PgConnection,
    challenge: &Challenge,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM consumed_challenges
                          WHERE user_id = $1 AND id = $2) AS "consumed!""#,
        challenge.user,
        challenge.id,
    )
    .fetch_one(transaction)
    .await
}

/// Forgets challenges that expired before this time.
pub(crate) async fn delete_consumed_challenges(
    pool: &PgPool,
    passed: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM consumed_challenges WHERE expires_at <= $1", passed)
        .execute(pool)
        .await?;
    Ok(())
}

/// Consumes a challenge. False if it was consumed before.
pub(crate) async fn consume_challenge(
    transaction: &mut PgConnection,
    challenge: &Challenge,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO consumed_challenges (user_id, id, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        challenge.user,
        challenge.id,
        challenge.expires_at(),
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}
