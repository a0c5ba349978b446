//! Accounts in PostgreSQL: creating, finding, reading and deleting them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::names::{Login, ProfileName};
use crate::db::{PgConnection, PgPool};
use crate::email::EmailAddress;

/// An account as stored, without its password.
#[derive(Debug)]
pub(crate) struct UserRow {
    /// Never changes.
    pub id: Uuid,
    /// As typed.
    pub login: String,
    /// The address that the account holds, or else claims; as typed.
    pub email: Option<String>,
    /// When that address was confirmed to be the user's.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// The claimed address, if the account holds another one.
    pub pending_email: Option<String>,
    /// As typed.
    pub first_name: Option<String>,
    /// As typed.
    pub last_name: Option<String>,
    /// A genre of the catalogue.
    pub favorite_genre: Option<String>,
    /// Parts of user agents that may log in; `None`: any may.
    pub allowed_user_agents: Option<Vec<String>>,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// When the user last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When the account was disabled.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// An account to be created.
pub(crate) struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its login.
    pub login: &'a Login,
    /// PHC string; `None` for an account without a password.
    pub password_hash: Option<&'a str>,
    /// First name.
    pub first_name: Option<&'a ProfileName>,
    /// Last name.
    pub last_name: Option<&'a ProfileName>,
}

/// Which names of a new account are taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub login: bool,
    pub email: bool,
}

/// Which names of a new account are taken. Only a look: the constraints decide. An address that nobody
/// has confirmed is taken only if `claims_block`.
pub(crate) async fn taken(
    database: impl PgExecutor<'_>,
    login: &Login,
    email: Option<&EmailAddress>,
    claims_block: bool,
) -> sqlx::Result<Taken> {
    sqlx::query_as!(
        Taken,
        r#"SELECT EXISTS (SELECT FROM users WHERE login_key = $1) AS "login!",
                  EXISTS (SELECT FROM users WHERE email_key = $2
                          AND (email_verified_at IS NOT NULL OR $3)) AS "email!""#,
        login.key(),
        email.map(EmailAddress::key),
        claims_block,
    )
    .fetch_one(database)
    .await
}

/// Creates an account, whose login has been found to be distinct.
///
/// # Errors
/// A taken login violates the constraint `users_login_key`.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    new: &NewUser<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO users (id, login, login_key, login_skeleton, password_hash, first_name,
                            last_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.login.as_str(),
        new.login.key(),
        new.login.skeleton(),
        new.password_hash,
        new.first_name.map(ProfileName::as_str),
        new.last_name.map(ProfileName::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// The account with this id.
pub(crate) async fn read(database: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as!(
        UserRow,
        r#"SELECT u.id, u.login, COALESCE(u.email, p.email) AS email, u.email_verified_at,
                  CASE WHEN u.email IS NOT NULL THEN p.email END AS pending_email,
                  u.first_name, u.last_name, u.favorite_genre, u.allowed_user_agents, u.created_at,
                  u.last_login_at, u.disabled_at
           FROM users u LEFT JOIN pending_emails p ON p.user_id = u.id WHERE u.id = $1"#,
        id,
    )
    .fetch_optional(database)
    .await
}

/// The id of the account with this login, as it was typed.
pub(crate) async fn find_by_login(
    database: impl PgExecutor<'_>,
    login: &str,
) -> sqlx::Result<Option<Uuid>> {
    let key = Login::key_of(login);
    sqlx::query_scalar!("SELECT id FROM users WHERE login_key = $1", key)
        .fetch_optional(database)
        .await
}

/// Locks the account until the transaction ends; `false` if there is none.
pub(crate) async fn lock(transaction: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE", id);
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// Whether there is an account with this id.
pub(crate) async fn exists(database: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT 1 FROM users WHERE id = $1", id);
    Ok(found.fetch_optional(database).await?.is_some())
}

/// Disables an account, or enables it with `None`.
pub(crate) async fn set_disabled(
    database: impl PgExecutor<'_>,
    id: Uuid,
    since: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE users SET disabled_at = $2 WHERE id = $1", id, since)
        .execute(database)
        .await?;
    Ok(())
}

/// Locks an account that is about to be deleted, until the transaction ends: nothing can refer to it
/// any more.
pub(crate) async fn lock_for_deletion(
    transaction: &mut PgConnection,
    id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!("SELECT FROM users WHERE id = $1 FOR UPDATE", id).execute(transaction).await?;
    Ok(())
}

/// Deletes the account and everything that belongs only to it.
pub(crate) async fn delete(transaction: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM users WHERE id = $1", id).execute(transaction).await?;
    Ok(())
}

/// A user with the role `superuser`.
#[derive(Debug, Serialize)]
pub(crate) struct Superuser {
    /// The login.
    pub login: String,
    /// When the account was disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When the role was granted.
    pub granted_at: DateTime<Utc>,
}

/// Users with the role `superuser`, by login.
pub(crate) async fn superusers(pool: &PgPool) -> sqlx::Result<Vec<Superuser>> {
    sqlx::query_as!(
        Superuser,
        "SELECT u.login, u.disabled_at, r.granted_at FROM users u
         JOIN user_roles r ON r.user_id = u.id AND r.role = 'superuser'
         ORDER BY u.login_key",
    )
    .fetch_all(pool)
    .await
}
