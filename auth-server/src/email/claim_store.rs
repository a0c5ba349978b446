//! SQL about which account has claimed an e-mail address.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::EmailAddress;
use crate::db::PgConnection;

/// Clears the address on another account that claimed it at or before `before` and never confirmed
/// it. Call it in the transaction in which `user` claims the address.
pub(crate) async fn release_expired(
    transaction: &mut PgConnection,
    email: &EmailAddress,
    user: Uuid,
    before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users u SET email = NULL, email_key = NULL
         WHERE email_key = $1 AND id <> $2 AND email_verified_at IS NULL
           AND COALESCE((SELECT since FROM email_claims c
                         WHERE c.user_id = u.id AND c.email_key = u.email_key), created_at) <= $3",
        email.key(),
        user,
        before,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Records when an account first claimed an address that it has from now on.
pub(crate) async fn claim(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &EmailAddress,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO email_claims (user_id, email_key, since) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        user,
        email.key(),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
