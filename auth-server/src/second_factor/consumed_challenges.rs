//! SQL about challenges by which a session was opened.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// True where a session was opened by this challenge.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn is_consumed(
    transaction: &mut PgConnection,
    user: Uuid,
    challenge: Uuid,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM consumed_challenges
                          WHERE user_id = $1 AND id = $2) AS "spent!""#,
        user,
        challenge,
    )
    .fetch_one(transaction)
    .await
}

/// Notes that a session was opened by this challenge; false where one was before.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn consume(
    transaction: &mut PgConnection,
    user: Uuid,
    challenge: Uuid,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query!(
        "DELETE FROM consumed_challenges WHERE user_id = $1 AND expires_at <= $2",
        user,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    let done = sqlx::query!(
        "INSERT INTO consumed_challenges (user_id, id, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        user,
        challenge,
        expires_at,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}
