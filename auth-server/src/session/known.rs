//! Where logins were used from.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// True where somebody signed in with this login from this network (`192.0.2.1/32`) after `since`.
///
/// # Errors
/// The database refused or is away.
pub async fn was_used_from(
    pool: &PgPool,
    login_key: &str,
    network: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE u.login_key = $1 AND s.created_at > $3
                 AND s.address::inet <<= $2::text::inet) AS "used!""#,
        login_key,
        network,
        since,
    )
    .fetch_one(pool)
    .await
}
