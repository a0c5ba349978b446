//! SQL about what stands in mails.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

/// What a token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A token to be sent.
pub(crate) struct NewToken<'a> {
    pub hash: &'a [u8; 32],
    pub purpose: Purpose,
    pub user: Uuid,
    /// The address that it is sent to. It counts as long as the account has this one.
    pub email_key: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

/// Whoever has confirmed an address.
pub(crate) struct Owner {
    pub id: Uuid,
    pub email: String,
    pub login: String,
}

/// Remembers a token. False where it would not count: there is no such account, or it has another
/// address, or one that is confirmed already. What has expired is forgotten by the way.
pub(crate) async fn insert(
    pool: &PgPool,
    new: &NewToken<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query!(
        "DELETE FROM mail_tokens WHERE hash IN
             (SELECT hash FROM mail_tokens WHERE expires_at <= $1 LIMIT 100 FOR UPDATE SKIP LOCKED)",
        now,
    )
    .execute(pool)
    .await?;
    let done = sqlx::query!(
        "INSERT INTO mail_tokens (hash, purpose, user_id, email_key, password_was, expires_at)
         SELECT $1, $2, id, $4, sha256(convert_to(password_hash, 'UTF8')), $5
         FROM users
         WHERE id = $3 AND disabled_at IS NULL AND ($4::text IS NULL OR email_key = $4)
           AND (email_verified_at IS NULL OR $2 <> 'verify_email')",
        new.hash,
        new.purpose.as_str(),
        new.user,
        new.email_key,
        new.expires_at,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whose address this is, if they have confirmed it.
pub(crate) async fn owner(pool: &PgPool, email_key: &str) -> sqlx::Result<Option<Owner>> {
    sqlx::query_as!(
        Owner,
        r#"SELECT id, email AS "email!", login FROM users
           WHERE email_key = $1 AND email_verified_at IS NOT NULL AND disabled_at IS NULL"#,
        email_key,
    )
    .fetch_optional(pool)
    .await
}

/// Uses a token up and confirms the address that it was sent to. False where it is no token, or
/// not any more.
pub(crate) async fn verify(
    transaction: &mut PgConnection,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "WITH used AS (
             DELETE FROM mail_tokens WHERE hash = $1 AND purpose = 'verify_email'
             RETURNING user_id, email_key, expires_at)
         UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2) FROM used
         WHERE id = used.user_id AND users.email_key = used.email_key
           AND used.expires_at > $2 AND disabled_at IS NULL",
        hash,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whose password a token may set, as long as it counts. The account is locked until the end of the
/// transaction: of two who set it at once, the second finds another password than the token knew.
pub(crate) async fn resets(
    database: impl PgExecutor<'_>,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "SELECT u.id FROM mail_tokens t JOIN users u ON u.id = t.user_id
         WHERE t.hash = $1 AND t.purpose = 'reset_password' AND t.expires_at > $2
           AND u.disabled_at IS NULL
           AND (t.email_key IS NULL OR t.email_key = u.email_key AND u.email_verified_at IS NOT NULL)
           AND t.password_was IS NOT DISTINCT FROM sha256(convert_to(u.password_hash, 'UTF8'))
         FOR UPDATE OF u",
        hash,
        now,
    )
    .fetch_optional(database)
    .await
}

/// Sets the password of an account that [`resets`] has locked, and takes every other token that
/// could have.
pub(crate) async fn reset(
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
