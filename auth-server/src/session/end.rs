//! Ending sessions.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Revocation, Revoked, Sessions, revocation_store, store};

impl Sessions {
    /// Ends one session of the user; `None` where it had ended before.
    ///
    /// # Errors
    /// The database refused or is away.
    pub async fn end(
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

    /// Ends the user's sessions up to the `number`th, except one. That one goes on, but what its
    /// current refresh token replaced is worthless from now on.
    ///
    /// # Errors
    /// The database refused or is away.
    pub async fn end_others(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        number: i64,
        except: Uuid,
        reason: &str,
    ) -> sqlx::Result<Revocation> {
        let now = self.clock.now();
        store::end_others(transaction, user, number, except, reason, now).await?;
        store::end_grace(transaction, except).await?;
        let revocation = self.revocation(user, Revoked::UpTo { number, except: Some(except) });
        revocation_store::insert(transaction, &revocation, now).await?;
        Ok(revocation)
    }
}
