//! SQL about what somebody signs in with: a login, or a confirmed e-mail address.
//!
//! Somebody's login may look like an address that is, or becomes, somebody else's. Whoever confirmed
//! the address is who is meant by it: they have shown that it is theirs, and a login shows nothing.
//! So nobody takes such a login any more, and one that was there before only signs in by another name.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::store::Credentials;

/// The account that is meant by this, as logins and addresses are compared; disabled or not.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn named(pool: &PgPool, typed: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"SELECT id, password_hash, disabled_at IS NOT NULL AS "disabled!"
           FROM users
           WHERE login_key = $1 OR (email_key = $1 AND email_verified_at IS NOT NULL)
           ORDER BY (email_key = $1 AND email_verified_at IS NOT NULL) IS TRUE DESC
           LIMIT 1"#,
        typed,
    )
    .fetch_optional(pool)
    .await
}

/// True where this, as a login, is an address that somebody else has confirmed.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn is_address_of_another(
    database: &mut PgConnection,
    login_key: &str,
    user: Uuid,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM users
               WHERE email_key = $1 AND email_verified_at IS NOT NULL AND id <> $2) AS "there!""#,
        login_key,
        user,
    )
    .fetch_one(database)
    .await
}
