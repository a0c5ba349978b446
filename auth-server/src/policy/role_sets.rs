//! The sets of roles that users have: the users that a change of the policy affects.

use poem_openapi::Object;
use serde::Serialize;
use sqlx::PgExecutor;

/// Users with the same roles.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct RoleSet {
    /// Their roles, sorted, without `anonymous` and without the roles that these inherit.
    pub(crate) roles: Vec<String>,
    /// How many users have exactly these roles; disabled accounts count.
    pub(crate) users: i64,
}

/// The sets of roles after the set `after`, ordered by their roles. Users without a role are in none.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    after: &[String],
    limit: i64,
) -> sqlx::Result<Vec<RoleSet>> {
    sqlx::query_as!(
        RoleSet,
        r#"SELECT roles AS "roles!", count(*) AS "users!"
           FROM (SELECT array_agg(role COLLATE "C" ORDER BY role COLLATE "C") AS roles
                 FROM user_roles GROUP BY user_id) AS of_users
           WHERE roles > $1 GROUP BY roles ORDER BY roles LIMIT $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// The sets of roles of most users, also the empty one, and how many users have another one.
pub(crate) async fn with_most_users(
    db: impl PgExecutor<'_>,
    limit: i64,
) -> sqlx::Result<(Vec<RoleSet>, i64)> {
    let rows = sqlx::query!(
        r#"SELECT roles AS "roles!", count(*) AS "users!", (sum(count(*)) OVER ())::bigint AS "all!"
           FROM (SELECT ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles
                 FROM users u) AS of_users
           GROUP BY roles ORDER BY count(*) DESC, roles LIMIT $1"#,
        limit
    )
    .fetch_all(db)
    .await?;
    let all = rows.first().map_or(0, |row| row.all);
    let sets = rows.into_iter().map(|row| RoleSet { roles: row.roles, users: row.users });
    let sets: Vec<RoleSet> = sets.collect();
    let others = all - sets.iter().map(|set| set.users).sum::<i64>();
    Ok((sets, others))
}
