//! Where accounts were used from.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// True where this user signed in from this network (`192.0.2.1/32`) after `since`. Nobody is asked
/// for as well: it takes as long.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn was_used_from(
    pool: &PgPool,
    user: Option<Uuid>,
    network: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM sessions s
               WHERE s.user_id = $1 AND s.created_at > $3
                 AND s.address::inet <<= $2::text::inet) AS "used!""#,
        user,
        network,
        since,
    )
    .fetch_one(pool)
    .await
}
