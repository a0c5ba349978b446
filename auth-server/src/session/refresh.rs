//! Refreshing a session: each refresh token can be exchanged for one successor.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::refresh_batch::Rotated;
use super::refresh_token::RefreshToken;
use super::{Device, GRACE, Revocation, Sessions, end, revocation};
use crate::db::{PgConnection, PgPool};
use crate::policy::grants::{self, Grants};
use crate::token::IssuedToken;

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
    /// The access token that was sent is not of the same session. Nothing was changed.
    PairMismatch,
    /// Not a refresh token of an active session.
    Invalid,
}

/// What a client presents to refresh its session.
pub(crate) struct Presented {
    /// The refresh token.
    pub token: RefreshToken,
    /// The access token.
    pub companion: Companion,
}

/// The access token that a client sent with its refresh token.
pub(crate) enum Companion {
    /// None was sent.
    None,
    /// One of the same session.
    OfSession(IssuedToken),
    /// Anything else.
    Foreign,
}

impl Companion {
    /// An access token that was sent with a refresh token of this session; `None` if this server did
    /// not issue it.
    pub(crate) fn of(issued: Option<IssuedToken>, session: Uuid) -> Self {
        issued.filter(|issued| issued.session == session).map_or(Self::Foreign, Self::OfSession)
    }
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
    /// The content of a refresh token, if this server issued it.
    pub(crate) fn decode(&self, token: &str) -> Option<RefreshToken> {
        self.keys.decode(token)
    }

    /// Exchanges a refresh token for its successor. The token before the current one returns the
    /// current one again within [`GRACE`]; of concurrent requests with one token, one is the first.
    ///
    /// An access token of another session makes a good refresh token neither used nor reused. A reused
    /// one ends the session with any access token.
    pub(crate) async fn refresh(
        &self,
        pool: &PgPool,
        Presented { token, companion }: &Presented,
        device: &Device,
    ) -> sqlx::Result<Rotation> {
        let (token, device) = (*token, device.fingerprint());
        for _ in 0..ATTEMPTS {
            if let Some(rotated) = self.rotate(token, companion, device.clone()).await? {
                let roles = grants::names(&rotated.roles)?;
                let granted = Grants { roles, revision: rotated.revision };
                let refreshed = self.refreshed(token, rotated.user, rotated.number, granted);
                return Ok(Rotation::Refreshed(refreshed));
            }
            let mut database = pool.acquire().await?;
            let now = self.clock.now();
            let Some(state) = state(&mut database, token.session, companion, now).await? else {
                return Ok(Rotation::Invalid);
            };
            if state.counter < token.counter {
                return Ok(Rotation::Invalid);
            }
            let is_current = state.counter == token.counter;
            if !is_current && !state.repeats(token, now) {
                drop(database);
                return self.end_reused(pool, state.user, token.session).await;
            }
            if !state.is_of(companion) {
                return Ok(Rotation::PairMismatch);
            }
            if !is_current {
                let granted = grants::of_user(&mut database, state.user).await?;
                let refreshed = self.refreshed(token, state.user, state.number, granted);
                return Ok(if state.rotated_by.is_none_or(|first| first == device) {
                    Rotation::Refreshed(refreshed)
                } else {
                    Rotation::RepeatedElsewhere(refreshed)
                });
            }
            // Another transaction was changing the session, and left it as it was.
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    /// Moves the session on, if the refresh token is its current one.
    async fn rotate(
        &self,
        token: RefreshToken,
        companion: &Companion,
        device: Vec<u8>,
    ) -> sqlx::Result<Option<Rotated>> {
        let issued = match companion {
            Companion::None => None,
            Companion::OfSession(issued) => Some(issued.clone()),
            Companion::Foreign => return Ok(None),
        };
        self.refresh_batches.rotate(token, issued, device).await
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
    /// Whether the key of the access token that was sent, if any, has not been revoked.
    key_accepted: bool,
}

impl SessionState {
    /// Whether the session's current token is the successor of this one, and may be returned again.
    fn repeats(&self, token: RefreshToken, now: DateTime<Utc>) -> bool {
        self.counter == token.counter.saturating_add(1)
            && self.rotated_at.is_some_and(|rotated| now < rotated + GRACE)
    }

    /// Whether the access token that was sent, if any, is one of this session.
    fn is_of(&self, companion: &Companion) -> bool {
        match companion {
            Companion::None => true,
            Companion::OfSession(issued) => self.key_accepted && issued.user == self.user,
            Companion::Foreign => false,
        }
    }
}

/// Waits for a transaction that is changing the session.
async fn state(
    database: &mut PgConnection,
    session: Uuid,
    companion: &Companion,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<SessionState>> {
    let kid = match companion {
        Companion::OfSession(issued) => Some(&*issued.kid),
        Companion::None | Companion::Foreign => None,
    };
    sqlx::query_as!(
        SessionState,
        r#"SELECT s.user_id AS "user", s.number, s.refresh_counter AS counter, s.rotated_at,
                  s.rotated_by,
                  ($3::text IS NULL OR EXISTS (
                      SELECT FROM signing_keys k WHERE k.kid = $3 AND k.revoked_at IS NULL))
                      AS "key_accepted!"
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2
             AND u.disabled_at IS NULL
           FOR UPDATE OF s"#,
        session,
        now,
        kid,
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
