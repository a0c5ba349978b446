//! Logins and passwords in PostgreSQL.
//!
//! A login from earlier may look like an e-mail address that is, or becomes, another user's. The user
//! who confirmed the address is meant by it: they have shown that it is theirs, and a login shows
//! nothing.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::names::Login;
use crate::db::{PgConnection, PgPool};

/// What is needed to check a password.
pub(crate) struct Credentials {
    /// The account.
    pub id: Uuid,
    /// PHC string; `None` if the account has no password.
    pub password_hash: Option<String>,
    /// A disabled account cannot be logged in to.
    pub disabled: bool,
}

/// The account that is meant by a login or an e-mail address, folded for comparison; disabled or not.
/// That is the one that confirmed the address; or else has the login; or else claimed the address
/// first.
pub(crate) async fn find(pool: &PgPool, key: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"WITH meant AS (
               SELECT id, 1 AS rank, created_at AS since FROM users
               WHERE email_key = $1 AND email_verified_at IS NOT NULL
               UNION ALL
               SELECT id, 2, created_at FROM users WHERE login_key = $1
               UNION ALL
               SELECT u.id, 3, COALESCE(c.since, u.created_at)
               FROM users u LEFT JOIN email_claims c ON c.user_id = u.id AND c.email_key = $1
               WHERE u.email_key = $1 AND u.email_verified_at IS NULL
               UNION ALL
               (SELECT user_id, 3, claimed_at FROM pending_emails
                WHERE email_key = $1 ORDER BY claimed_at, user_id LIMIT 1)
           )
           SELECT u.id, u.password_hash, u.disabled_at IS NOT NULL AS "disabled!"
           FROM meant m JOIN users u ON u.id = m.id
           ORDER BY m.rank, m.since, m.id LIMIT 1"#,
        key,
    )
    .fetch_optional(pool)
    .await
}

/// The stored hash of an account's password; `None` if it has no password, or there is no such
/// account.
pub(crate) async fn password_hash(
    database: impl PgExecutor<'_>,
    id: Uuid,
) -> sqlx::Result<Option<String>> {
    let row = sqlx::query_scalar!("SELECT password_hash FROM users WHERE id = $1", id);
    Ok(row.fetch_optional(database).await?.flatten())
}

/// Records a login and numbers its session. `None` if the account was disabled, or its password
/// changed, after `checked_hash` was read: a password that was right then is no longer valid.
pub(crate) async fn begin_session(
    transaction: &mut PgConnection,
    id: Uuid,
    checked_hash: Option<&str>,
    new_hash: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "UPDATE users SET session_seq = session_seq + 1, last_login_at = $4, password_hash = $3
         WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND disabled_at IS NULL
         RETURNING session_seq",
        id,
        checked_hash,
        new_hash,
        now,
    )
    .fetch_optional(transaction)
    .await
}

/// Locks an account until the transaction ends. `false` if its password was changed, or the account
/// disabled or deleted, after `checked_hash` was read.
pub(crate) async fn lock(
    transaction: &mut PgConnection,
    id: Uuid,
    checked_hash: Option<&str>,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM users
         WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND disabled_at IS NULL
         FOR NO KEY UPDATE",
        id,
        checked_hash,
    );
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// Replaces the password of an account that the transaction has locked.
pub(crate) async fn set_password(
    transaction: &mut PgConnection,
    id: Uuid,
    new_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", id, new_hash)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Changes the password. `false` if it was changed, or the account disabled, after `checked_hash`
/// was read.
pub(crate) async fn change_password(
    transaction: &mut PgConnection,
    id: Uuid,
    checked_hash: Option<&str>,
    new_hash: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET password_hash = $3
         WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND disabled_at IS NULL",
        id,
        checked_hash,
        new_hash,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Changes the login of an account that the transaction has locked.
///
/// # Errors
/// A taken login violates the constraint `users_login_key`.
pub(crate) async fn change_login(
    transaction: &mut PgConnection,
    id: Uuid,
    login: &Login,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET login = $2, login_key = $3 WHERE id = $1",
        id,
        login.as_str(),
        login.key(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}
