//! Ending sessions. Each end records a revocation in the same transaction; after the commit the
//! caller passes it to [`crate::authn::Authenticator::revoke`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Revocation, RevocationPeriod, Revoked, Sessions, refresh, revocation};
use crate::db::PgConnection;

impl Sessions {
    /// Ends one session of the user; `None` if it had ended before.
    pub(crate) async fn end(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        session: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let now = self.clock.now();
        if !end_one(transaction, user, session, reason, now).await? {
            return Ok(None);
        }
        let revocation = self.revocation_of(user, session);
        revocation::insert(transaction, &revocation, now).await?;
        Ok(Some(revocation))
    }

    /// Ends all of the user's sessions except `current`, the caller's; `None` if that one has ended
    /// itself: of two sessions that end each other at the same time, one stays.
    pub(crate) async fn end_others(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        current: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let Some(number) = lock_last_number(transaction, user).await? else { return Ok(None) };
        if !is_open(transaction, user, current).await? {
            return Ok(None);
        }
        let ended = UpTo { number, except: Some(current) };
        end_up_to(transaction, user, ended, reason, self.revocation_period()).await.map(Some)
    }

    /// As [`Sessions::end_others`], after a change of the credentials: the refresh token that the
    /// current one of the caller's session replaced is no longer accepted either.
    pub(crate) async fn end_others_after_credential_change(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        current: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        let ended = self.end_others(transaction, user, current, reason).await?;
        // Only once the account is locked, as everywhere: another order could deadlock.
        refresh::end_grace(transaction, current).await?;
        Ok(ended)
    }

    /// Ends all of the user's sessions; `None` if there is no such user.
    pub(crate) async fn end_all(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        reason: &str,
    ) -> sqlx::Result<Option<Revocation>> {
        end_all(transaction, user, reason, self.revocation_period()).await
    }
}

/// [`Sessions::end_all`] without a server, for the command line: running servers learn of it from
/// the database.
pub(crate) async fn end_all(
    transaction: &mut PgConnection,
    user: Uuid,
    reason: &str,
    period: RevocationPeriod,
) -> sqlx::Result<Option<Revocation>> {
    let Some(number) = lock_last_number(transaction, user).await? else { return Ok(None) };
    let ended = UpTo { number, except: None };
    end_up_to(transaction, user, ended, reason, period).await.map(Some)
}

/// A user's sessions up to a number.
struct UpTo {
    number: i64,
    except: Option<Uuid>,
}

async fn end_up_to(
    transaction: &mut PgConnection,
    user: Uuid,
    UpTo { number, except }: UpTo,
    reason: &str,
    period: RevocationPeriod,
) -> sqlx::Result<Revocation> {
    sqlx::query!(
        "UPDATE sessions SET ended_at = $5, end_reason = $4
         WHERE user_id = $1 AND number <= $2 AND id IS DISTINCT FROM $3
           AND ended_at IS NULL",
        user,
        number,
        except,
        reason,
        period.from,
    )
    .execute(&mut *transaction)
    .await?;
    let what = Revoked::UpTo { number, except };
    let revocation = Revocation { user, what, expires_at: period.until };
    revocation::insert(transaction, &revocation, period.from).await?;
    Ok(revocation)
}

/// Ends one session of the user, without a revocation; `false` if it had ended before.
pub(crate) async fn end_one(
    transaction: &mut PgConnection,
    user: Uuid,
    session: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE sessions SET ended_at = $4, end_reason = $3
         WHERE id = $2 AND user_id = $1 AND ended_at IS NULL",
        user,
        session,
        reason,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the session has not ended.
async fn is_open(transaction: &mut PgConnection, user: Uuid, session: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM sessions WHERE id = $2 AND user_id = $1 AND ended_at IS NULL",
        user,
        session,
    );
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// The number of the user's last session; `None` if there is no such user. Locks the account: until
/// the transaction ends no session is opened, and no others are ended together.
async fn lock_last_number(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT session_seq FROM users WHERE id = $1 FOR NO KEY UPDATE", user)
        .fetch_optional(transaction)
        .await
}
