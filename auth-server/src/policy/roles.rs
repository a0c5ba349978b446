//! Roles in PostgreSQL.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use policies::{Description, RoleName};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;

use super::error::RESERVED;
use super::grants::names;
use super::write::PolicyWrite;
use crate::db::PgConnection;
use crate::http::problem::Problem;

/// A role as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize, poem_openapi::Object)]
#[oai(rename = "Role")]
pub(crate) struct StoredRole {
    /// Name; permanent, in lower case.
    pub name: String,
    /// Description for admins.
    pub description: String,
    /// Names of the roles that it inherits directly, sorted.
    pub inherits: Vec<String>,
    /// Whether the role is built in: built-in roles cannot be changed or deleted.
    pub builtin: bool,
    /// Policy revision of its last write; also its ETag.
    pub revision: i64,
}

/// Descriptions of roles, which snapshots of the policy do not have.
pub(crate) type RoleDescriptions = HashMap<RoleName, Description>;

/// Roles after the name `after`, ordered by name.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<StoredRole>> {
    sqlx::query_as!(
        StoredRole,
        r#"SELECT name, description, revision, name IN ('anonymous', 'superuser') AS "builtin!",
                  ARRAY(SELECT inherits FROM role_inherits WHERE role = name ORDER BY inherits)
                      AS "inherits!"
           FROM roles WHERE name COLLATE "C" > $1 ORDER BY name COLLATE "C" LIMIT $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// The role of this name.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    name: &RoleName,
) -> sqlx::Result<Option<StoredRole>> {
    sqlx::query_as!(
        StoredRole,
        r#"SELECT name, description, revision, name IN ('anonymous', 'superuser') AS "builtin!",
                  ARRAY(SELECT inherits FROM role_inherits WHERE role = name ORDER BY inherits)
                      AS "inherits!"
           FROM roles WHERE name = $1"#,
        name.as_str()
    )
    .fetch_optional(db)
    .await
}

/// Adds a role.
///
/// # Errors
/// The name is taken (`roles_pkey`), among others.
pub(crate) async fn insert(
    db: &mut PgConnection,
    name: &RoleName,
    description: &str,
    at: DateTime<Utc>,
    revision: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO roles (name, description, created_at, revision) VALUES ($1, $2, $3, $4)",
        name.as_str(),
        description,
        at,
        revision
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The descriptions of all roles that have one.
pub(crate) async fn all_descriptions(db: impl PgExecutor<'_>) -> sqlx::Result<RoleDescriptions> {
    let rows = sqlx::query!("SELECT name, description FROM roles WHERE description <> ''")
        .fetch_all(db)
        .await?;
    let (stored, descriptions): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|row| (row.name, Description::of_stored(&row.description))).unzip();
    Ok(names(&stored)?.into_iter().zip(descriptions).collect())
}

/// The descriptions of these roles.
pub(super) async fn descriptions(
    db: &mut PgConnection,
    roles: &[&RoleName],
) -> sqlx::Result<Vec<(RoleName, String)>> {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!("SELECT name, description FROM roles WHERE name = ANY($1)", &roles)
        .fetch_all(db)
        .await?;
    let (stored, descriptions): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|row| (row.name, row.description)).unzip();
    Ok(names(&stored)?.into_iter().zip(descriptions).collect())
}

/// Updates a role's revision, and its description if given.
pub(crate) async fn update(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    description: Option<&str>,
) -> sqlx::Result<()> {
    let revision = write.revision();
    let old = sqlx::query_scalar!(
        "UPDATE roles SET description = coalesce($2, old.description), revision = $3
         FROM roles AS old WHERE old.name = roles.name AND roles.name = $1
         RETURNING old.description",
        name.as_str(),
        description,
        revision
    )
    .fetch_optional(write.db())
    .await?;
    if let Some(old) = old {
        write.record_description(name, old);
    }
    Ok(())
}

/// Replaces the roles that a role inherits.
///
/// # Errors
/// One of them does not exist (`role_inherits_inherits_fkey`), among others.
pub(crate) async fn set_inherits(
    db: &mut PgConnection,
    name: &RoleName,
    inherits: &[RoleName],
) -> sqlx::Result<()> {
    let inherits: Vec<String> = inherits.iter().map(ToString::to_string).collect();
    sqlx::query!("DELETE FROM role_inherits WHERE role = $1", name.as_str())
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "INSERT INTO role_inherits (role, inherits) SELECT DISTINCT $1, unnest($2::text[])",
        name.as_str(),
        &inherits
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a role and reserves its name until `reserved_until`. Returns the users who had the role.
///
/// # Errors
/// Rules or other roles refer to it (`rules_role_fkey`, `role_inherits_inherits_fkey`), among others.
pub(crate) async fn delete(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    reserved_until: DateTime<Utc>,
) -> sqlx::Result<Vec<uuid::Uuid>> {
    let holders = sqlx::query_scalar!(
        "DELETE FROM user_roles WHERE role = $1 RETURNING user_id",
        name.as_str()
    )
    .fetch_all(write.db())
    .await?;
    let old = sqlx::query_scalar!(
        "DELETE FROM roles WHERE name = $1 RETURNING description",
        name.as_str()
    )
    .fetch_optional(write.db())
    .await?;
    if let Some(old) = old {
        write.record_description(name, old);
    }
    sqlx::query!(
        "INSERT INTO role_tombstones (name, reserved_until) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET reserved_until = excluded.reserved_until",
        name.as_str(),
        reserved_until
    )
    .execute(write.db())
    .await?;
    Ok(holders)
}

/// Refuses the name of a deleted role for as long as it is reserved.
///
/// # Errors
/// [`crate::policy::ROLE_RESERVED`], among others.
pub(crate) async fn refuse_reserved(
    db: &mut PgConnection,
    name: &RoleName,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let reserved = sqlx::query_scalar!(
        "SELECT reserved_until FROM role_tombstones WHERE name = $1 AND reserved_until > $2",
        name.as_str(),
        now
    );
    let Some(until) = reserved.fetch_optional(db).await? else { return Ok(()) };
    Err(Problem::new(RESERVED).detail(format!("The name {name} is reserved until {until}.")))
}
