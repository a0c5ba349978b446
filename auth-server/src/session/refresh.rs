//! Refreshing a session: each refresh token can be exchanged for one successor.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::{Device, GRACE, Revocation, Sessions, end, revocation};
use crate::db::{PgConnection, PgPool};
use crate::policy::grants::{self, Grants};

/// How often a refresh is tried while other transactions change the session.
const ATTEMPTS: usize = 3;

/// The result of presenting a refresh token.
#[derive(Debug)]
pub(crate) enum Rotation {
    /// The session continues with the next token.
    Refreshed(Refreshed),
    /// As before: within [`GRACE`] the next token was returned again, but to another device or address
    /// than the first time.
    RepeatedElsewhere(Refreshed),
    /// The token was replaced more than [`GRACE`] ago, so a copy of it exists. Nobody can tell the
    /// user from the attacker, so the session was ended.
    Reused { session: Uuid, revocation: Revocation },
    /// Not a refresh token of an active session.
    Invalid,
}

/// A session that continues.
pub(crate) struct Refreshed {
    /// Its user.
    pub user: Uuid,
    /// Its id.
    pub session: Uuid,
    /// Its number among the user's.
    pub number: i64,
    /// The user's roles, and the revision at which they were read.
    pub granted: Grants,
    /// The session's refresh token from now on.
    pub refresh_token: String,
}

impl fmt::Debug for Refreshed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshed").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Exchanges a refresh token for its successor. The token before the current one returns the
    /// current one again within [`GRACE`]; of concurrent requests with one token, one is the first.
    pub(crate) async fn refresh(
        &self,
        pool: &PgPool,
        token: &str,
        device: &Device,
    ) -> sqlx::Result<Rotation> {
        let device = device.fingerprint();
        let Some(token) = self.keys.decode(token) else { return Ok(Rotation::Invalid) };
        for _ in 0..ATTEMPTS {
            if let Some(rotated) = self.refresh_batches.rotate(token, device.clone()).await? {
                let roles = grants::names(&rotated.roles)?;
                let granted = Grants { roles, revision: rotated.revision };
                let refreshed = self.refreshed(token, rotated.user, rotated.number, granted);
                return Ok(Rotation::Refreshed(refreshed));
            }
            let mut database = pool.acquire().await?;
            let now = self.clock.now();
            let Some(state) = state(&mut database, token.session, now).await? else {
                return Ok(Rotation::Invalid);
            };
            let replaced_by_current = state.counter == token.counter.saturating_add(1);
            let within_grace = state.rotated_at.is_some_and(|rotated| now < rotated + GRACE);
            if replaced_by_current && within_grace {
                let granted = grants::of_user(&mut database, state.user).await?;
                let refreshed = self.refreshed(token, state.user, state.number, granted);
                return Ok(if state.rotated_by.is_none_or(|first| first == device) {
                    Rotation::Refreshed(refreshed)
                } else {
                    Rotation::RepeatedElsewhere(refreshed)
                });
            }
            if state.counter > token.counter {
                drop(database);
                return self.end_reused(pool, state.user, token.session).await;
            }
            if state.counter < token.counter {
                return Ok(Rotation::Invalid);
            }
            // Another transaction was changing the session, and left it as it was.
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    fn refreshed(
        &self,
        token: RefreshToken,
        user: Uuid,
        number: i64,
        granted: Grants,
    ) -> Refreshed {
        let next = RefreshToken { counter: token.counter.saturating_add(1), ..token };
        let refresh_token = self.keys.encode(next);
        Refreshed { user, session: token.session, number, granted, refresh_token }
    }

    async fn end_reused(&self, pool: &PgPool, user: Uuid, session: Uuid) -> sqlx::Result<Rotation> {
        let mut transaction = pool.begin().await?;
        let now = self.clock.now();
        if !end::end_one(&mut transaction, user, session, "refresh_token_reused", now).await? {
            return Ok(Rotation::Invalid);
        }
        let revocation = self.revocation_of(user, session);
        revocation::insert(&mut transaction, &revocation, now).await?;
        transaction.commit().await?;
        tracing::warn!(%user, %session, "a replaced refresh token was used again: session ended");
        Ok(Rotation::Reused { session, revocation })
    }
}

/// The state of an active session.
struct SessionState {
    user: Uuid,
    number: i64,
    /// The counter of its current refresh token.
    counter: i64,
    /// When that token replaced the one before; `None` if that one must not be accepted any more.
    rotated_at: Option<DateTime<Utc>>,
    /// Fingerprint of the device that it was returned to first.
    rotated_by: Option<Vec<u8>>,
}

/// Waits for a transaction that is changing the session.
async fn state(
    database: &mut PgConnection,
    session: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<SessionState>> {
    sqlx::query_as!(
        SessionState,
        r#"SELECT s.user_id AS "user", s.number, s.refresh_counter AS counter, s.rotated_at,
                  s.rotated_by
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2
             AND u.disabled_at IS NULL
           FOR UPDATE OF s"#,
        session,
        now,
    )
    .fetch_optional(database)
    .await
}

/// Ends the grace period of the token that the session's current refresh token replaced.
pub(crate) async fn end_grace(transaction: &mut PgConnection, session: Uuid) -> sqlx::Result<()> {
    sqlx::query!("UPDATE sessions SET rotated_at = NULL WHERE id = $1", session)
        .execute(transaction)
        .await?;
    Ok(())
}
