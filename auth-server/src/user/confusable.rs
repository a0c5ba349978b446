//! Logins that look alike although they differ (UTS #39, section 4).

use uuid::Uuid;

use super::names::Login;
use crate::db::PgConnection;

impl Login {
    /// What the login looks like: the same for logins that are hard to tell apart.
    #[must_use]
    pub(crate) fn skeleton(&self) -> String {
        skeleton_of(self.key())
    }
}

/// What a comparison key looks like.
pub(super) fn skeleton_of(key: &str) -> String {
    unicode_security::skeleton(key).collect()
}

/// Whether the login of this account can be told from those of all others. Of two that look alike, one has to have a
/// character beyond ASCII. Until the transaction ends, nobody else can take one that looks like it.
pub(crate) async fn is_distinct(
    transaction: &mut PgConnection,
    login: &Login,
    user: Uuid,
) -> sqlx::Result<bool> {
    let skeleton = login.skeleton();
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 39)) AS \"locked: ()\"",
        skeleton
    )
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (
               SELECT FROM users
               WHERE login_skeleton = $1 AND id <> $2 AND login_key <> $3
                 AND ($4 OR octet_length(login_key) <> char_length(login_key))) AS "distinct!""#,
        skeleton,
        user,
        login.key(),
        !login.key().is_ascii(),
    )
    .fetch_one(transaction)
    .await
}

/// Why a login that can be confused with another one is refused.
pub(crate) const LOOKS_ALIKE: &str = "It looks like a login that is already in use.";
