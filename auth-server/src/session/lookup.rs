//! Reading sessions: a user's active ones, and the one that a refresh token belongs to.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::Sessions;
use crate::db::{PgConnection, PgPool};

/// A session as its user sees it.
#[derive(Serialize)]
pub(crate) struct ActiveSession {
    /// Identifies it; the claim `sid` of its access tokens.
    pub id: Uuid,
    /// From the user agent of the login.
    pub device: Option<String>,
    /// Network address of the login.
    pub address: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_seen_at: DateTime<Utc>,
}

/// The user's active sessions, most recently used first.
pub(crate) async fn list_active(
    pool: &PgPool,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<ActiveSession>> {
    sqlx::query_as!(
        ActiveSession,
        "SELECT id, device, address, created_at, last_seen_at FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         ORDER BY last_seen_at DESC, number DESC",
        user,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Whether this user opened a session from this network (`192.0.2.1/32`) after `since`. Without a
/// user the query still runs and takes as long.
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

/// Whether the session is active, which it then stays until the transaction ends. The caller has
/// locked the account, as for every change of several sessions.
pub(crate) async fn lock_active(
    transaction: &mut PgConnection,
    user: Uuid,
    session: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM sessions
         WHERE id = $2 AND user_id = $1 AND ended_at IS NULL AND expires_at > $3
         FOR SHARE",
        user,
        session,
        now,
    );
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// The session of a refresh token that can be exchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentToken {
    /// The user.
    pub user: Uuid,
    /// The session.
    pub session: Uuid,
    /// When the session was opened.
    pub created_at: DateTime<Utc>,
    /// When the token expires.
    pub expires_at: DateTime<Utc>,
}

/// The user and session that a refresh token was issued for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenOwner {
    pub user: Uuid,
    pub session: Uuid,
}

impl Sessions {
    /// When the session was opened; `None` if it has ended.
    pub(crate) async fn opened_at(
        database: &mut PgConnection,
        user: Uuid,
        session: Uuid,
    ) -> sqlx::Result<Option<DateTime<Utc>>> {
        sqlx::query_scalar!(
            "SELECT created_at FROM sessions WHERE id = $2 AND user_id = $1 AND ended_at IS NULL",
            user,
            session,
        )
        .fetch_optional(database)
        .await
    }

    /// The session of which this is the current refresh token; `None` for a replaced token.
    pub(crate) async fn current(
        &self,
        database: &mut PgConnection,
        token: &str,
    ) -> sqlx::Result<Option<CurrentToken>> {
        let Some(token) = self.keys.decode(token) else { return Ok(None) };
        sqlx::query_as!(
            CurrentToken,
            r#"SELECT s.user_id AS "user", s.id AS session, s.created_at, s.expires_at
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = $1 AND s.refresh_counter = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.disabled_at IS NULL"#,
            token.session,
            token.counter,
            self.clock.now(),
        )
        .fetch_optional(database)
        .await
    }

    /// The user and session that this refresh token was issued for, in whatever state the session
    /// is now.
    pub(crate) async fn owner(
        &self,
        database: &mut PgConnection,
        token: &str,
    ) -> sqlx::Result<Option<TokenOwner>> {
        let Some(token) = self.keys.decode(token) else { return Ok(None) };
        let user = sqlx::query_scalar!("SELECT user_id FROM sessions WHERE id = $1", token.session)
            .fetch_optional(database)
            .await?;
        Ok(user.map(|user| TokenOwner { user, session: token.session }))
    }
}
