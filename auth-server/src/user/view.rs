//! Accounts as admins see them.

use chrono::{DateTime, Utc};
use policies::RoleName;
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::names::Login;
use crate::email::EmailAddress;
use crate::policy::grants;
use crate::unicode::normalize;

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

/// Which users are searched: those that match everything that is given.
pub(crate) struct UserSearch {
    /// Prefix of the login, folded for comparison.
    login: String,
    /// Prefix of the confirmed or claimed e-mail address, folded for comparison.
    email: Option<String>,
    /// `LIKE` pattern of the first or last name.
    name: Option<String>,
    /// A role granted to the user.
    role: Option<RoleName>,
}

impl UserSearch {
    /// The search for what was typed. Empty text matches every user.
    pub(crate) fn new(
        login: Option<&str>,
        email: Option<&str>,
        name: Option<&str>,
        role: Option<RoleName>,
    ) -> Self {
        let [login, email, name] =
            [login, email, name].map(|typed| typed.filter(|it| !it.is_empty()));
        let prefix = |name: &str| like_prefix(&normalize(name).unwrap_or_else(|_| name.to_owned()));
        Self {
            login: login.map(Login::key_of).unwrap_or_default(),
            email: email.map(EmailAddress::key_of),
            name: name.map(prefix),
            role,
        }
    }
}

/// The `LIKE` pattern of texts that begin with this one.
fn like_prefix(text: &str) -> String {
    let escaped = text
        .chars()
        .flat_map(|c| matches!(c, '\\' | '%' | '_').then_some('\\').into_iter().chain([c]));
    escaped.chain(['%']).collect()
}

/// Users whose login comes after `after`, folded for comparison; by login, at most `limit`.
pub(crate) async fn search(
    db: impl PgExecutor<'_>,
    search: &UserSearch,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<UserView>> {
    let UserSearch { login, email, name, role } = search;
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
             AND ($4::text IS NULL OR starts_with(u.email_key, $4) AND u.email_key >= $4
                  OR starts_with(p.email_key, $4))
             AND ($5::text IS NULL OR lower(first_name) LIKE lower($5) OR lower(last_name) LIKE lower($5))
             AND ($6::text IS NULL
                  OR EXISTS (SELECT FROM user_roles r WHERE r.user_id = u.id AND r.role = $6))
           ORDER BY login_key LIMIT $3"#,
        login,
        after,
        limit,
        email.as_deref(),
        name.as_deref(),
        role.as_ref().map(RoleName::as_str),
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
