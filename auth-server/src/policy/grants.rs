//! Who has which roles.

use chrono::{DateTime, Utc};
use policies::RoleName;
use sqlx::PgConnection;
use uuid::Uuid;

use super::problem::LAST;
use crate::http::problem::Problem;

/// The user's roles, without what those inherit, and the revision at which they were read.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn of_user(
    db: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<(Vec<RoleName>, i64)> {
    // One statement, so one snapshot: roles and revision belong together.
    let row = sqlx::query!(
        r#"SELECT revision,
                  ARRAY(SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role) AS "roles!"
           FROM policy_state"#,
        user
    )
    .fetch_one(db)
    .await?;
    Ok((names(&row.roles), row.revision))
}

/// What the database calls roles.
#[must_use]
pub(crate) fn names(stored: &[String]) -> Vec<RoleName> {
    stored.iter().filter_map(|name| RoleName::parse(name).ok()).collect()
}

/// Grants a role. False: the user has it already.
///
/// # Errors
/// PostgreSQL is away, or there is no such user (`user_roles_user_id_fkey`) or role
/// (`user_roles_role_fkey`).
pub(crate) async fn grant(
    db: &mut PgConnection,
    user: Uuid,
    role: &RoleName,
    by: Option<Uuid>,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO user_roles (user_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, role) DO NOTHING",
        user,
        role.as_str(),
        at,
        by,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Revokes a role. False: the user does not have it.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn revoke(
    db: &mut PgConnection,
    user: Uuid,
    role: &RoleName,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM user_roles WHERE user_id = $1 AND role = $2",
        user,
        role.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How many people can sign in as superuser.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn superusers(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM user_roles JOIN users ON users.id = user_id
           WHERE role = 'superuser' AND disabled_at IS NULL"#
    )
    .fetch_one(db)
    .await
}

/// Refuses a change after which nobody could sign in as superuser. To be asked between the change
/// and its commit.
///
/// # Errors
/// [`crate::policy::LAST_SUPERUSER`], or PostgreSQL is away.
pub(crate) async fn refuse_last_superuser(db: &mut PgConnection) -> Result<(), Problem> {
    if superusers(db).await? == 0 { Err(Problem::new(LAST)) } else { Ok(()) }
}
