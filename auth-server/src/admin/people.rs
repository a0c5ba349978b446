//! People in PostgreSQL, as admins see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

/// A person's account, as admins see it.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(read_only_all)]
pub struct Person {
    /// Identifies the account for good.
    pub id: Uuid,
    /// As typed at registration.
    pub login: String,
    /// E-mail address.
    pub email: Option<String>,
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

/// A person, and what their login is compared by.
pub(super) struct Found {
    pub(super) person: Person,
    pub(super) key: String,
}

/// People whose login begins with `prefix`, after `after`; both as logins are compared.
pub(super) async fn page(
    db: impl PgExecutor<'_>,
    prefix: &str,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"SELECT id, login, login_key, email, first_name, last_name, created_at, last_login_at,
                  disabled_at IS NOT NULL AS "disabled!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = id ORDER BY role) AS "roles!"
           FROM users WHERE starts_with(login_key, $1) AND login_key >= $1 AND login_key > $2
           ORDER BY login_key LIMIT $3"#,
        prefix,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    let found = rows.into_iter().map(|row| Found {
        key: row.login_key,
        person: Person {
            id: row.id,
            login: row.login,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            roles: row.roles,
            disabled: row.disabled,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
        },
    });
    Ok(found.collect())
}

/// True when there is such an account.
pub(super) async fn exists(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT 1 FROM users WHERE id = $1", id);
    Ok(found.fetch_optional(db).await?.is_some())
}
