//! Ending sessions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Revocation, Revoked, Sessions, refresh_store, revocation_store, store};

impl Sessions {
    /// Ends one session of the user; `None` where it had ended before.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn end(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        session: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let now = self.clock.now();
        if !store::end(transaction, user, session, reason, now).await? {
            return Ok(None);
        }
        let revocation = self.revocation(user, Revoked::Session(session));
        revocation_store::insert(transaction, &revocation, now).await?;
        Ok(Some(revocation))
    }

    /// Ends all of the user's sessions but the one that asks for it; `None` where that one has
    /// ended itself: of two sessions that end each other at once, one stays.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn end_elsewhere(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        asking: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let Some(number) = store::last_number(transaction, user).await? else { return Ok(None) };
        if !store::goes_on(transaction, user, asking).await? {
            return Ok(None);
        }
        let up_to = (number, Some(asking));
        end_up_to(transaction, user, up_to, reason, self.moment()).await.map(Some)
    }

    /// As [`Sessions::end_elsewhere`], after a change of what signing in takes: what the current
    /// refresh token of the asking session replaced is worthless from now on, too.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn end_after_change(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        asking: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let ended = self.end_elsewhere(transaction, user, asking, reason).await?;
        // After the account is locked, as everywhere: two that lock in another order wait for ever.
        refresh_store::end_grace(transaction, asking).await?;
        Ok(ended)
    }

    /// Ends all of the user's sessions; `None` where there is no such user. To be followed, after
    /// the commit, by [`crate::authn::Authenticator::revoke`].
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn end_all(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        end_all(transaction, user, reason, self.moment()).await
    }
}

/// When something is revoked, and until when that has to be remembered.
pub(crate) type Moment = (DateTime<Utc>, DateTime<Utc>);

/// [`Sessions::end_all`] without a server, for the command line: those that run learn of it from
/// the database.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn end_all(
    transaction: &mut PgConnection,
    user: Uuid,
    reason: &str,
    moment: Moment,
) -> sqlx::Result<Option<Revocation>> {
    let Some(number) = store::last_number(transaction, user).await? else { return Ok(None) };
    end_up_to(transaction, user, (number, None), reason, moment).await.map(Some)
}

async fn end_up_to(
    transaction: &mut PgConnection,
    user: Uuid,
    (number, except): (i64, Option<Uuid>),
    reason: &str,
    (now, expires_at): Moment,
) -> sqlx::Result<Revocation> {
    store::end_up_to(transaction, user, number, except, reason, now).await?;
    let revocation = Revocation { user, what: Revoked::UpTo { number, except }, expires_at };
    revocation_store::insert(transaction, &revocation, now).await?;
    Ok(revocation)
}
