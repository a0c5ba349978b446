//! SQL about accounts as a whole; for what people call themselves see `profile_store`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::names::{Login, PersonName};
use crate::email::EmailAddress;

/// An account as it stands in the database, without its password.
#[derive(Debug)]
pub struct UserRow {
    /// Never changes.
    pub id: Uuid,
    /// As typed.
    pub login: String,
    /// As typed.
    pub email: Option<String>,
    /// Since when the address is known to be the user's.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// As typed.
    pub first_name: Option<String>,
    /// As typed.
    pub last_name: Option<String>,
    /// A genre of the catalogue.
    pub favorite_genre: Option<String>,
    /// Parts of the user agents that may sign in; none: any may.
    pub allowed_user_agents: Option<Vec<String>>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When the user last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// Since when the account can't be used.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// An account to be made.
pub(crate) struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// What the user will sign in with.
    pub login: &'a Login,
    /// E-mail address.
    pub email: Option<&'a EmailAddress>,
    /// PHC string; none where the account is to have no password.
    pub password_hash: Option<&'a str>,
    /// First name.
    pub first_name: Option<&'a PersonName>,
    /// Last name.
    pub last_name: Option<&'a PersonName>,
}

/// What is needed to check a password.
pub(crate) struct Credentials {
    /// The account.
    pub id: Uuid,
    /// PHC string; none where the account has no password.
    pub password_hash: Option<String>,
    /// A disabled account can't be signed in to.
    pub disabled: bool,
}

/// Makes an account.
///
/// # Errors
/// A taken login runs into the constraint `users_login_key`, a taken address into
/// `users_email_key`.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    new: &NewUser<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO users (id, login, login_key, email, email_key, password_hash,
                            first_name, last_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        new.login.as_str(),
        new.login.key(),
        new.email.map(EmailAddress::as_str),
        new.email.map(EmailAddress::key),
        new.password_hash,
        new.first_name.map(PersonName::as_str),
        new.last_name.map(PersonName::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// The account, if there is one of this id.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn read(database: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, login, email, email_verified_at, first_name, last_name, favorite_genre,
                allowed_user_agents, created_at, last_login_at, disabled_at
         FROM users WHERE id = $1",
        id,
    )
    .fetch_optional(database)
    .await
}

/// The credentials of the account with this login, disabled or not.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn credentials(
    pool: &PgPool,
    login_key: &str,
) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"SELECT id, password_hash, disabled_at IS NOT NULL AS "disabled!"
           FROM users WHERE login_key = $1"#,
        login_key,
    )
    .fetch_optional(pool)
    .await
}

/// The stored hash of an account's password; none where it has no password, or there is no such
/// account.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn password_hash(
    database: impl PgExecutor<'_>,
    id: Uuid,
) -> sqlx::Result<Option<String>> {
    let row = sqlx::query_scalar!("SELECT password_hash FROM users WHERE id = $1", id);
    Ok(row.fetch_optional(database).await?.flatten())
}

/// Notes a login and numbers its session. `None` where the account was disabled, or its password
/// changed, since `checked_hash` was read: the password that was right then is not any more.
///
/// # Errors
/// The database refused or is away.
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

/// Changes the password. False where it was changed, or the account disabled, since `checked_hash`
/// was read.
///
/// # Errors
/// The database refused or is away.
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

/// Changes the login. False where the password was changed, or the account disabled, since
/// `checked_hash` was read.
///
/// # Errors
/// A taken login runs into the constraint `users_login_key`.
pub(crate) async fn change_login(
    transaction: &mut PgConnection,
    id: Uuid,
    checked_hash: Option<&str>,
    login: &Login,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET login = $3, login_key = $4
         WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND disabled_at IS NULL",
        id,
        checked_hash,
        login.as_str(),
        login.key(),
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes the account, and with it whatever only it has. False where it is gone, or its password
/// was changed since `checked_hash` was read.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn delete(
    transaction: &mut PgConnection,
    id: Uuid,
    checked_hash: Option<&str>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM users WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2",
        id,
        checked_hash,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Everyone who has the role `superuser` of their own, with the time at which they got it.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn superusers(
    pool: &PgPool,
) -> sqlx::Result<Vec<(String, Option<DateTime<Utc>>, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        "SELECT u.login, u.disabled_at, r.granted_at FROM users u
         JOIN user_roles r ON r.user_id = u.id AND r.role = 'superuser'
         ORDER BY u.login_key",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.login, row.disabled_at, row.granted_at)).collect())
}
