//! SQL about the accounts that identities belong to.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Who;
use crate::email::EmailAddress;
use crate::user::{Login, ProfileName};

/// An account that has an e-mail address.
pub(crate) struct Holder {
    /// The account.
    pub user: Uuid,
    /// True where it has shown that the address is its own.
    pub verified: bool,
}

/// Who has this address here.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn holder(
    transaction: &mut PgConnection,
    email: &EmailAddress,
) -> sqlx::Result<Option<Holder>> {
    sqlx::query_as!(
        Holder,
        r#"SELECT id AS "user", email_verified_at IS NOT NULL AS "verified!"
           FROM users WHERE email_key = $1"#,
        email.key(),
    )
    .fetch_optional(transaction)
    .await
}

/// Makes an account without a password; false where somebody else has the login.
///
/// # Errors
/// An address that somebody took in this very moment runs into the constraint `users_email_key`.
pub(crate) async fn make_user(
    transaction: &mut PgConnection,
    id: Uuid,
    login: &Login,
    who: &Who,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO users (id, login, login_key, email, email_key, email_verified_at,
                            first_name, last_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (login_key) DO NOTHING",
        id,
        login.as_str(),
        login.key(),
        who.email.as_ref().map(EmailAddress::as_str),
        who.email.as_ref().map(EmailAddress::key),
        who.email_verified.then_some(now),
        who.first_name.as_ref().map(ProfileName::as_str),
        who.last_name.as_ref().map(ProfileName::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How an account can be signed in to.
pub(crate) struct Standing {
    /// PHC string; none where the account has no password.
    pub password_hash: Option<String>,
    /// A disabled account can't be signed in to.
    pub disabled: bool,
}

/// Locks the account, and says where it stands.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn lock_user(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"SELECT password_hash, disabled_at IS NOT NULL AS "disabled!"
           FROM users WHERE id = $1 FOR NO KEY UPDATE"#,
        user,
    )
    .fetch_optional(transaction)
    .await
}
