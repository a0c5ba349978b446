//! SQL about the tokens of messages.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::db::{PgConnection, PgPool};

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A token to be stored.
pub(crate) struct NewToken<'a> {
    pub hash: &'a [u8; 32],
    pub purpose: Purpose,
    pub user: Uuid,
    /// The address that it is sent to: the token is valid while the account has this address.
    /// `None` for a token that an operator hands over.
    pub email_key: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

/// An account that a message goes to.
pub(crate) struct Recipient {
    pub id: Uuid,
    pub email: String,
    pub login: String,
}

/// Stores a token. False if it could never be used: there is no such account, or it no longer has or
/// claims the address.
pub(crate) async fn insert(
    database: impl PgExecutor<'_>,
    new: &NewToken<'_>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO mail_tokens (hash, purpose, user_id, email_key, password_was, expires_at)
         SELECT $1, $2, id, $4, sha256(convert_to(password_hash, 'UTF8')), $5
         FROM users
         WHERE id = $3 AND disabled_at IS NULL
           AND ($4::text IS NULL OR email_key = $4
                OR EXISTS (SELECT FROM pending_emails WHERE user_id = $3 AND email_key = $4))",
        new.hash,
        new.purpose.as_str(),
        new.user,
        new.email_key,
        new.expires_at,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes tokens that expired before this time.
pub(crate) async fn delete_expired(pool: &PgPool, passed: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM mail_tokens WHERE expires_at <= $1", passed).execute(pool).await?;
    Ok(())
}

/// The account, if it has yet to confirm this address.
pub(crate) async fn claimant(
    pool: &PgPool,
    user: Uuid,
    email_key: &str,
) -> sqlx::Result<Option<Recipient>> {
    sqlx::query_as!(
        Recipient,
        r#"SELECT u.id, COALESCE(p.email, u.email) AS "email!", u.login
           FROM users u LEFT JOIN pending_emails p ON p.user_id = u.id AND p.email_key = $2
           WHERE u.id = $1 AND u.disabled_at IS NULL
             AND (p.email_key IS NOT NULL
                  OR u.email_key = $2
                     AND (u.email_verified_at = u.email_account_proof_at) IS NOT TRUE)"#,
        user,
        email_key,
    )
    .fetch_optional(pool)
    .await
}

/// The account that has confirmed this address.
pub(crate) async fn owner(pool: &PgPool, email_key: &str) -> sqlx::Result<Option<Recipient>> {
    sqlx::query_as!(
        Recipient,
        r#"SELECT id, email AS "email!", login FROM users
           WHERE email_key = $1 AND email_verified_at IS NOT NULL AND disabled_at IS NULL"#,
        email_key,
    )
    .fetch_optional(pool)
    .await
}

/// What a token confirms.
pub(crate) struct Verification {
    pub user: Uuid,
    pub email_key: String,
}

/// What a valid token confirms.
pub(crate) async fn verification(
    database: impl PgExecutor<'_>,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Verification>> {
    sqlx::query_as!(
        Verification,
        r#"SELECT t.user_id AS "user", t.email_key AS "email_key!"
           FROM mail_tokens t JOIN users u ON u.id = t.user_id
           WHERE t.hash = $1 AND t.purpose = 'verify_email' AND t.expires_at > $2
             AND t.email_key IS NOT NULL AND u.disabled_at IS NULL"#,
        hash,
        now,
    )
    .fetch_optional(database)
    .await
}

/// Consumes a token. False if it was consumed before.
pub(crate) async fn consume(transaction: &mut PgConnection, hash: &[u8; 32]) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM mail_tokens WHERE hash = $1", hash);
    Ok(done.execute(transaction).await?.rows_affected() > 0)
}

/// An account whose password may be reset.
pub(crate) struct ResetTarget {
    pub user: Uuid,
    /// The token was sent to an address that was never confirmed together with the account: the
    /// owner of the mailbox is the first known owner of the account.
    pub takes_over: bool,
}

/// The account whose password a valid token may set, locked until the end of the transaction: of two
/// concurrent resets, the second finds a password that the token does not know.
pub(crate) async fn reset_target(
    database: impl PgExecutor<'_>,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<ResetTarget>> {
    sqlx::query_as!(
        ResetTarget,
        r#"SELECT u.id AS "user", (t.email_key IS NOT NULL
               AND (u.email_verified_at = u.email_account_proof_at) IS NOT TRUE) AS "takes_over!"
         FROM mail_tokens t JOIN users u ON u.id = t.user_id
         WHERE t.hash = $1 AND t.purpose = 'reset_password' AND t.expires_at > $2
           AND u.disabled_at IS NULL
           AND (t.email_key IS NULL OR t.email_key = u.email_key AND u.email_verified_at IS NOT NULL)
           AND t.password_was IS NOT DISTINCT FROM sha256(convert_to(u.password_hash, 'UTF8'))
         FOR UPDATE OF u"#,
        hash,
        now,
    )
    .fetch_optional(database)
    .await
}

/// Sets the password of an account that [`reset_target`] has locked, and deletes its other tokens
/// for that.
pub(crate) async fn reset_password(
    transaction: &mut PgConnection,
    user: Uuid,
    new_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = 'reset_password')
         UPDATE users SET password_hash = $2 WHERE id = $1",
        user,
        new_hash,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
