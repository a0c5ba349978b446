//! Which user has which roles.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use policies::RoleName;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::error::LAST;
use crate::db::PgConnection;
use crate::http::problem::Problem;

/// A user's roles as stored, without the roles that those inherit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    /// The roles, sorted.
    pub(crate) roles: Vec<RoleName>,
    /// The policy revision at which they were read.
    pub(crate) revision: i64,
}

/// The user's roles and the revision at which they were read.
pub(crate) async fn of_user(db: &mut PgConnection, user: Uuid) -> sqlx::Result<Grants> {
    // One statement, so one database snapshot: roles and revision belong together.
    let row = sqlx::query!(
        r#"SELECT revision,
                  ARRAY(SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role) AS "roles!"
           FROM policy_state"#,
        user
    )
    .fetch_one(db)
    .await?;
    Ok(Grants { roles: names(&row.roles)?, revision: row.revision })
}

/// The roles of each of these users.
pub(crate) async fn of_users(
    db: impl PgExecutor<'_>,
    users: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Vec<RoleName>>> {
    let rows = sqlx::query!(
        r#"SELECT id, ARRAY(SELECT role FROM user_roles WHERE user_id = id ORDER BY role) AS "roles!"
           FROM users WHERE id = ANY($1)"#,
        users
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok((row.id, names(&row.roles)?))).collect()
}

/// Role names as stored.
///
/// # Errors
/// One of them is invalid. It is not skipped, as rules that deny may refer to it.
pub(crate) fn names(stored: &[String]) -> sqlx::Result<Vec<RoleName>> {
    let names = stored.iter().map(|name| RoleName::parse(name)).collect::<Result<_, _>>();
    names.map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Grants a role. False if the user has it already.
///
/// # Errors
/// Unknown user (`user_roles_user_id_fkey`) or role (`user_roles_role_fkey`), among others.
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

/// Revokes a role. False if the user does not have it.
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

/// How many users have each of these roles; roles that no user has are left out.
pub(super) async fn count_users(
    db: &mut PgConnection,
    roles: &[&RoleName],
) -> sqlx::Result<HashMap<RoleName, i64>> {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"SELECT role, count(*) AS "users!" FROM user_roles WHERE role = ANY($1) GROUP BY role"#,
        &roles
    )
    .fetch_all(db)
    .await?;
    let (stored, users): (Vec<String>, Vec<i64>) =
        rows.into_iter().map(|row| (row.role, row.users)).unzip();
    Ok(names(&stored)?.into_iter().zip(users).collect())
}

/// Number of superusers who can log in.
pub(crate) async fn count_superusers(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM user_roles JOIN users ON users.id = user_id
           WHERE role = 'superuser' AND disabled_at IS NULL"#
    )
    .fetch_one(db)
    .await
}

/// Refuses a change that leaves no superuser who can log in. To be called between the change and
/// its commit.
///
/// # Errors
/// [`crate::policy::LAST_SUPERUSER`], among others.
pub(crate) async fn refuse_last_superuser(db: &mut PgConnection) -> Result<(), Problem> {
    if count_superusers(db).await? == 0 { Err(Problem::new(LAST)) } else { Ok(()) }
}
