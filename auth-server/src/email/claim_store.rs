//! SQL about which accounts claim an e-mail address, and which one has confirmed it.
//!
//! An account holds at most one address (`users.email`, unique) and has at most one pending claim to
//! another (`pending_emails`). Whatever decides about an address locks it first, then accounts.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::EmailAddress;
use crate::db::PgConnection;

/// The compare keys of an account's addresses.
pub(crate) struct AccountEmail {
    /// The address that the account holds.
    pub held: Option<String>,
    /// Whether the held address was confirmed together with the account.
    pub account_proof: bool,
    /// The address that replaces the held one once it is confirmed.
    pub pending: Option<String>,
}

impl AccountEmail {
    /// The address that the owner gave last.
    pub(crate) fn latest(&self) -> Option<&str> {
        self.pending.as_deref().or(self.held.as_deref())
    }

    /// The address that a message can confirm.
    pub(crate) fn to_confirm(&self) -> Option<&str> {
        let held = self.held.as_deref().filter(|_| !self.account_proof);
        self.pending.as_deref().or(held)
    }
}

/// The addresses of an account; `None` if it does not exist.
pub(crate) async fn read(
    database: impl PgExecutor<'_>,
    user: Uuid,
) -> sqlx::Result<Option<AccountEmail>> {
    sqlx::query_as!(
        AccountEmail,
        r#"SELECT u.email_key AS held, p.email_key AS "pending?",
                  (u.email_verified_at = u.email_account_proof_at) IS TRUE AS "account_proof!"
           FROM users u LEFT JOIN pending_emails p ON p.user_id = u.id
           WHERE u.id = $1"#,
        user,
    )
    .fetch_optional(database)
    .await
}

/// The account that has confirmed an address.
pub(crate) struct EmailOwner {
    pub user: Uuid,
    /// Whether it was confirmed together with the account.
    pub account_proof: bool,
}

/// The account that has confirmed this address.
pub(crate) async fn owner(
    database: impl PgExecutor<'_>,
    email: &EmailAddress,
) -> sqlx::Result<Option<EmailOwner>> {
    sqlx::query_as!(
        EmailOwner,
        r#"SELECT id AS "user",
                  (email_verified_at = email_account_proof_at) IS TRUE AS "account_proof!"
           FROM users WHERE email_key = $1 AND email_verified_at IS NOT NULL"#,
        email.key(),
    )
    .fetch_optional(database)
    .await
}

/// Claims an address that is to be confirmed, in place of another claim of the account. Repeating a
/// claim does not make it newer.
pub(crate) async fn claim(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &EmailAddress,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH dropped AS (
             UPDATE users SET email = NULL, email_key = NULL
             WHERE id = $1 AND email_verified_at IS NULL AND email IS NOT NULL)
         INSERT INTO pending_emails AS p (user_id, email, email_key, claimed_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET email = $2, email_key = $3,
             claimed_at = CASE WHEN p.email_key = $3 THEN p.claimed_at ELSE $4 END",
        user,
        email.as_str(),
        email.key(),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Gives the account an address that it holds from now on without confirmation, where no mail is sent.
///
/// # Errors
/// An address that another account holds violates the constraint `users_email_key`.
pub(crate) async fn hold(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &EmailAddress,
) -> sqlx::Result<()> {
    withdraw(&mut *transaction, user).await?;
    sqlx::query!(
        "UPDATE users SET email = $2, email_key = $3, email_verified_at = NULL WHERE id = $1",
        user,
        email.as_str(),
        email.key(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Stores how the owner writes an address that the account holds or has claimed.
pub(crate) async fn respell(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &EmailAddress,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH pending AS (UPDATE pending_emails SET email = $2 WHERE user_id = $1 AND email_key = $3)
         UPDATE users SET email = $2 WHERE id = $1 AND email_key = $3",
        user,
        email.as_str(),
        email.key(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Ends the account's claim to another address than the one it holds.
pub(crate) async fn withdraw(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM pending_emails WHERE user_id = $1", user)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Removes every address of the account.
pub(crate) async fn clear(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    withdraw(&mut *transaction, user).await?;
    sqlx::query!(
        "UPDATE users SET email = NULL, email_key = NULL, email_verified_at = NULL WHERE id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Locks an address until the transaction ends, and ends all unconfirmed claims to it but the user's:
/// the user is about to confirm it.
pub(crate) async fn take_over(
    transaction: &mut PgConnection,
    user: Uuid,
    email_key: &str,
) -> sqlx::Result<()> {
    lock(&mut *transaction, email_key).await?;
    sqlx::query!(
        "WITH pending AS (DELETE FROM pending_emails WHERE email_key = $1 AND user_id <> $2)
         UPDATE users SET email = NULL, email_key = NULL
         WHERE email_key = $1 AND id <> $2 AND email_verified_at IS NULL",
        email_key,
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Locks an address until the transaction ends, whether or not an account has it.
pub(crate) async fn lock(transaction: &mut PgConnection, email_key: &str) -> sqlx::Result<()> {
    let name = format!("email:{email_key}");
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Confirms an address that the account has claimed or holds, together with the account. `false` if
/// it has neither.
///
/// # Errors
/// An address that another account has confirmed violates the constraint `users_email_key`.
pub(crate) async fn confirm(
    transaction: &mut PgConnection,
    user: Uuid,
    email_key: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "WITH claim AS (
             DELETE FROM pending_emails WHERE user_id = $1 AND email_key = $2 RETURNING email)
         UPDATE users SET email = COALESCE((SELECT email FROM claim), email), email_key = $2,
             email_verified_at = $3, email_account_proof_at = $3
         WHERE id = $1 AND (email_key = $2 OR EXISTS (SELECT FROM claim))",
        user,
        email_key,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records that the account, as it is from here on, belongs to the owner of its confirmed address.
pub(crate) async fn record_account_proof(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET email_account_proof_at = email_verified_at WHERE id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
