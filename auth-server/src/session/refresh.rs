//! Carrying a session on: each refresh token is good for one successor.

use std::fmt;

use policies::RoleName;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::refresh_store;
use super::refresh_store::{Standing, Step};
use super::refresh_token::Link;
use super::{GRACE, Revocation, Revoked, Sessions, revocation_store, store};
use crate::policy::grants;

/// What became of a refresh token that was held out.
#[derive(Debug)]
pub(crate) enum Rotation {
    /// The session goes on.
    Carried(Refreshed),
    /// The token had been replaced long ago. Somebody has a copy, and nobody can tell who is the
    /// thief, so this session has ended.
    Reused(Uuid, Revocation),
    /// Not a refresh token of a living session.
    Invalid,
}

/// A session that goes on.
pub(crate) struct Refreshed {
    /// Its user.
    pub user: Uuid,
    /// Its id.
    pub session: Uuid,
    /// Its number among the user's.
    pub number: i64,
    /// The user's roles, and the revision at which they were read.
    pub granted: (Vec<RoleName>, i64),
    /// The refresh token that is good from now on.
    pub refresh_token: String,
}

impl fmt::Debug for Refreshed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshed").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Takes a refresh token for its successor. The token before the current one gets the current
    /// one once more, for a few seconds; of any number that come at once, one is the first.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn refresh(&self, pool: &PgPool, token: &str) -> sqlx::Result<Rotation> {
        let Some(link) = self.keys.read(token) else { return Ok(Rotation::Invalid) };
        let now = self.clock.now();
        let (session, counter, idle_until) = (link.session, link.counter, now + self.limits.idle);
        let step = Step { session, counter, now, idle_until };
        if let Some(rotated) = self.rotations.rotate(step).await? {
            let granted = (grants::names(&rotated.roles), rotated.revision);
            return Ok(self.carried(link, (rotated.user, rotated.number), granted));
        }
        let database = &mut *pool.acquire().await?;
        let Some(standing) = refresh_store::standing(database, link.session, now).await? else {
            return Ok(Rotation::Invalid);
        };
        let replaced_by_current = standing.counter == link.counter.saturating_add(1);
        let lately = standing.rotated_at.is_some_and(|rotated| now < rotated + GRACE);
        if replaced_by_current && lately {
            let granted = grants::of_user(database, standing.user).await?;
            return Ok(self.carried(link, (standing.user, standing.number), granted));
        }
        if standing.counter > link.counter {
            return self.end_reused(database, link, &standing).await;
        }
        Ok(Rotation::Invalid)
    }

    fn carried(
        &self,
        link: Link,
        (user, number): (Uuid, i64),
        granted: (Vec<RoleName>, i64),
    ) -> Rotation {
        let next = Link { counter: link.counter.saturating_add(1), ..link };
        Rotation::Carried(Refreshed {
            user,
            session: link.session,
            number,
            granted,
            refresh_token: self.keys.write(next),
        })
    }

    async fn end_reused(
        &self,
        database: &mut PgConnection,
        link: Link,
        standing: &Standing,
    ) -> sqlx::Result<Rotation> {
        let mut transaction = database.begin().await?;
        let now = self.clock.now();
        let (user, session) = (standing.user, link.session);
        if !store::end(&mut transaction, user, session, "refresh_token_reused", now).await? {
            return Ok(Rotation::Invalid);
        }
        let revocation = self.revocation(user, Revoked::Session(session));
        revocation_store::insert(&mut transaction, &revocation, now).await?;
        transaction.commit().await?;
        tracing::warn!(%user, %session, "a replaced refresh token was used again: session ended");
        Ok(Rotation::Reused(session, revocation))
    }
}
