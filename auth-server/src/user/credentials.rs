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
use crate::email::EmailAddress;

/// What is needed to check a password.
pub(crate) struct Credentials {
    /// The account.
    pub id: Uuid,
    /// PHC string; `None` if the account has no password.
    pub password_hash: Option<String>,
    /// A disabled account cannot be logged in to.
    pub disabled: bool,
}

/// The keys by which an account can be meant.
pub(crate) struct TypedName {
    /// Of a login.
    login: String,
    /// Of an e-mail address, if it is one.
    email: Option<String>,
}

impl TypedName {
    /// The keys of text that was typed as a login or an e-mail address.
    pub(crate) fn read(typed: &str) -> Self {
        let email = EmailAddress::parse(typed).ok().map(|email| email.key().to_owned());
        Self { login: Login::key_of(typed), email }
    }

    /// The same for all spellings of a name.
    pub(crate) fn key(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.login)
    }
}

/// The account that is meant by a login or an e-mail address; disabled or not. That is the one that confirmed the address; or else has the login; or else claimed the address
/// first.
pub(crate) async fn find(pool: &PgPool, name: &TypedName) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"WITH meant AS (
               SELECT id, 1 AS rank, created_at AS since FROM users
               WHERE email_key = $2 AND email_verified_at IS NOT NULL
               UNION ALL
               SELECT id, 2, created_at FROM users WHERE login_key = $1
               UNION ALL
               SELECT u.id, 3, COALESCE(c.since, u.created_at)
               FROM users u LEFT JOIN email_claims c ON c.user_id = u.id AND c.email_key = $2
               WHERE u.email_key = $2 AND u.email_verified_at IS NULL
               UNION ALL
               (SELECT user_id, 3, claimed_at FROM pending_emails
                WHERE email_key = $2 ORDER BY claimed_at, user_id LIMIT 1)
           )
           SELECT u.id, u.password_hash, u.disabled_at IS NOT NULL AS "disabled!"
           FROM meant m JOIN users u ON u.id = m.id
           ORDER BY m.rank, m.since, m.id LIMIT 1"#,
        name.login,
        name.email,
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

/// Changes the login of an account that the transaction has locked. The new one has been found to be
/// distinct.
///
/// # Errors
/// A taken login violates the constraint `users_login_key`.
pub(crate) async fn change_login(
    transaction: &mut PgConnection,
    id: Uuid,
    login: &Login,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET login = $2, login_key = $3, login_skeleton = $4 WHERE id = $1",
        id,
        login.as_str(),
        login.key(),
        login.skeleton(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}
