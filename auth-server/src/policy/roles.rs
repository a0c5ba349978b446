//! Roles in PostgreSQL.

use chrono::{DateTime, Utc};
use policies::RoleName;
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;

use crate::db::PgConnection;

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

pub(crate) async fn exists(db: &mut PgConnection, name: &RoleName) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT 1 FROM roles WHERE name = $1", name.as_str());
    Ok(found.fetch_optional(db).await?.is_some())
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

/// Updates a role's revision, and its description if given.
pub(crate) async fn update(
    db: &mut PgConnection,
    name: &RoleName,
    description: Option<&str>,
    revision: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE roles SET description = coalesce($2, description), revision = $3 WHERE name = $1",
        name.as_str(),
        description,
        revision
    )
    .execute(db)
    .await?;
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
    db: &mut PgConnection,
    name: &RoleName,
    reserved_until: DateTime<Utc>,
) -> sqlx::Result<Vec<uuid::Uuid>> {
    let holders = sqlx::query_scalar!(
        "DELETE FROM user_roles WHERE role = $1 RETURNING user_id",
        name.as_str()
    )
    .fetch_all(&mut *db)
    .await?;
    sqlx::query!("DELETE FROM roles WHERE name = $1", name.as_str()).execute(&mut *db).await?;
    sqlx::query!(
        "INSERT INTO role_tombstones (name, reserved_until) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET reserved_until = excluded.reserved_until",
        name.as_str(),
        reserved_until
    )
    .execute(db)
    .await?;
    Ok(holders)
}

/// Until when the name of a deleted role is reserved, if it is.
pub(crate) async fn reserved_until(
    db: &mut PgConnection,
    name: &RoleName,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT reserved_until FROM role_tombstones WHERE name = $1 AND reserved_until > $2",
        name.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}
