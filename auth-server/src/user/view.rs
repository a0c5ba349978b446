//! People in PostgreSQL, as admins see them.

use chrono::{DateTime, Utc};
use policies::RoleName;
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::policy::grants;

/// A person's account, as admins see it.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(read_only_all)]
pub(crate) struct Person {
    /// Identifies the account for good.
    pub id: Uuid,
    /// As typed at registration.
    pub login: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether a mail to the address was answered: until then it is but a claim.
    pub email_verified: bool,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Roles, without what those inherit.
    pub roles: Vec<String>,
    /// True: can't sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// The last time somebody signed in.
    pub last_login_at: Option<DateTime<Utc>>,
}

impl Person {
    /// The roles, as decisions know them.
    pub(crate) fn role_names(&self) -> sqlx::Result<Vec<RoleName>> {
        grants::names(&self.roles)
    }
}

/// People whose login begins with `prefix`, after `after`; both as logins are compared.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    prefix: &str,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as!(
        Person,
        r#"SELECT id, login, email, first_name, last_name, created_at, last_login_at,
                  disabled_at IS NOT NULL AS "disabled!",
                  email_verified_at IS NOT NULL AS "email_verified!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = id ORDER BY role) AS "roles!"
           FROM users WHERE starts_with(login_key, $1) AND login_key >= $1 AND login_key > $2
           ORDER BY login_key LIMIT $3"#,
        prefix,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// The account, if there is one of this id.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Person>> {
    sqlx::query_as!(
        Person,
        r#"SELECT id, login, email, first_name, last_name, created_at, last_login_at,
                  disabled_at IS NOT NULL AS "disabled!",
                  email_verified_at IS NOT NULL AS "email_verified!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = id ORDER BY role) AS "roles!"
           FROM users WHERE id = $1"#,
        id
    )
    .fetch_optional(db)
    .await
}

/// The account with this login, as logins are compared.
pub(crate) async fn with_login(db: &mut PgConnection, key: &str) -> sqlx::Result<Option<Person>> {
    let id = sqlx::query_scalar!("SELECT id FROM users WHERE login_key = $1", key);
    match id.fetch_optional(&mut *db).await? {
        Some(id) => find(db, id).await,
        None => Ok(None),
    }
}

/// Disables an account, or enables it.
pub(crate) async fn set_disabled(
    db: impl PgExecutor<'_>,
    id: Uuid,
    since: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE users SET disabled_at = $2 WHERE id = $1", id, since).execute(db).await?;
    Ok(())
}

/// True when there is such an account.
pub(crate) async fn exists(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT 1 FROM users WHERE id = $1", id);
    Ok(found.fetch_optional(db).await?.is_some())
}
