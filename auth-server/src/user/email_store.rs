//! SQL about e-mail addresses: whose they are.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::names::Email;

/// Remembers when an account first claimed an address that it has from now on.
///
/// # Errors
/// The database refused or is away.
pub async fn claim(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &Email,
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

/// Lets go of an address that somebody else only claimed: whoever showed that it is theirs has it.
/// To be called in the transaction that gives it to them.
///
/// # Errors
/// The database refused or is away.
pub async fn take_claimed(transaction: &mut PgConnection, email: &Email) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET email = NULL, email_key = NULL
         WHERE email_key = $1 AND email_verified_at IS NULL",
        email.key(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}
