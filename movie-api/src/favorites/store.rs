//! Favorites in PostgreSQL.

use chrono::{DateTime, Utc};
use service::database::PgPool;
use uuid::Uuid;

/// Maximum number of favorites of one user.
pub(super) const MAX_FAVORITES: i64 = 10_000;

/// What became of a new favorite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is one of the user's favorites, now or since before.
    Added,
    /// The user has as many as possible.
    LimitReached,
}

/// Adds a favorite, unless the user has it already.
pub(super) async fn add(
    pool: &PgPool,
    user: Uuid,
    movie: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Added> {
    let mut transaction = pool.begin().await?;
    // One at a time for each user: otherwise concurrent requests exceed the limit.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", user)
        .execute(&mut *transaction)
        .await?;
    let is_favorite = sqlx::query_scalar!(
        r#"WITH own AS (SELECT movie_id FROM movie.favorites WHERE user_id = $1),
               added AS (
                   INSERT INTO movie.favorites (user_id, movie_id, created_at)
                   SELECT $1, $2::text, $3::timestamptz WHERE (SELECT count(*) FROM own) < $4
                   ON CONFLICT DO NOTHING
                   RETURNING movie_id
               )
           SELECT EXISTS (SELECT FROM added) OR $2::text IN (SELECT movie_id FROM own) AS "is!""#,
        user,
        movie,
        now,
        MAX_FAVORITES,
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(if is_favorite { Added::Added } else { Added::LimitReached })
}

/// Removes a favorite, if the user has it.
pub(super) async fn remove(pool: &PgPool, user: Uuid, movie: &str) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM movie.favorites WHERE user_id = $1 AND movie_id = $2", user, movie)
        .execute(pool)
        .await?;
    Ok(())
}

/// The films that are favorites of the user, at most [`MAX_FAVORITES`].
pub(super) async fn of_user(pool: &PgPool, user: Uuid) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT movie_id FROM movie.favorites WHERE user_id = $1 LIMIT $2",
        user,
        MAX_FAVORITES
    )
    .fetch_all(pool)
    .await
}

/// Up to which time deletions of accounts have been applied for good; `None` at first.
pub(super) async fn applied_deletions(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("SELECT until FROM movie.applied_deletions").fetch_one(pool).await
}

/// Deletes the favorites of these users, and notes that deletions up to `until` have been applied for
/// good. Repeating it does no harm, nor do several processes that do the same. Returns the number of
/// favorites.
pub(super) async fn apply_deletions(
    pool: &PgPool,
    users: &[Uuid],
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<u64> {
    let mut transaction = pool.begin().await?;
    let deleted = sqlx::query!("DELETE FROM movie.favorites WHERE user_id = ANY($1)", users)
        .execute(&mut *transaction)
        .await?;
    sqlx::query!(
        "UPDATE movie.applied_deletions SET until = $1 WHERE until IS NULL OR until < $1",
        until
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected())
}
