//! Accounts as admins see them.

use chrono::{DateTime, Utc};
use policies::RoleName;
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::policy::grants;

/// An account, as admins see it.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(read_only_all)]
pub(crate) struct UserView {
    /// Identifies the account; never changes.
    pub id: Uuid,
    /// Login, as typed.
    pub login: String,
    /// What the login is compared by.
    #[serde(skip)]
    #[oai(skip)]
    pub(crate) login_key: String,
    /// E-mail address: the confirmed one, if there is one.
    pub email: Option<String>,
    /// Whether `email` was confirmed; until then it is only a claim.
    pub email_verified: bool,
    /// The address that replaces `email` once it is confirmed.
    pub pending_email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Roles granted to the user, without inherited ones.
    pub roles: Vec<String>,
    /// A disabled account cannot be logged in to.
    pub disabled: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// When the user last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
}

impl UserView {
    /// The roles, as decisions need them.
    pub(crate) fn role_names(&self) -> sqlx::Result<Vec<RoleName>> {
        grants::names(&self.roles)
    }
}

/// Users whose login begins with `prefix` and comes after `after`, both folded for comparison; by
/// login, at most `limit`.
pub(crate) async fn search(
    db: impl PgExecutor<'_>,
    prefix: &str,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<UserView>> {
    sqlx::query_as!(
        UserView,
        r#"SELECT u.id, u.login, u.login_key, COALESCE(u.email, p.email) AS email, u.first_name, u.last_name,
                  u.created_at, u.last_login_at,
                  CASE WHEN u.email IS NOT NULL THEN p.email END AS pending_email,
                  disabled_at IS NOT NULL AS "disabled!",
                  email_verified_at IS NOT NULL AS "email_verified!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS "roles!"
           FROM users u LEFT JOIN pending_emails p ON p.user_id = u.id
           WHERE starts_with(login_key, $1) AND login_key >= $1 AND login_key > $2
           ORDER BY login_key LIMIT $3"#,
        prefix,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// The account with this id.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<UserView>> {
    sqlx::query_as!(
        UserView,
        r#"SELECT u.id, u.login, u.login_key, COALESCE(u.email, p.email) AS email, u.first_name, u.last_name,
                  u.created_at, u.last_login_at,
                  CASE WHEN u.email IS NOT NULL THEN p.email END AS pending_email,
                  disabled_at IS NOT NULL AS "disabled!",
                  email_verified_at IS NOT NULL AS "email_verified!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS "roles!"
           FROM users u LEFT JOIN pending_emails p ON p.user_id = u.id
           WHERE u.id = $1"#,
        id
    )
    .fetch_optional(db)
    .await
}
