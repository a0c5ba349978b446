//! Opening a session, and when that was.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::refresh_token::Link;
use super::store;
use super::store::NewSession;
use super::{Revocation, Revoked, Sessions, revocation_store};

/// Where a login came from, as far as the request tells.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// From the user agent.
    pub name: Option<String>,
    /// Network address.
    pub address: Option<String>,
}

/// A session that was just opened.
pub(crate) struct Opened {
    /// Its id.
    pub id: Uuid,
    /// Its number among the user's.
    pub number: i64,
    /// Its first refresh token.
    pub refresh_token: String,
    /// The user's sessions that had to make room.
    pub revocations: Vec<Revocation>,
}

impl Sessions {
    /// Opens the user's `number`th session, in the transaction that gave it the number.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn open(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        number: i64,
        device: &Device,
    ) -> sqlx::Result<Opened> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let session = NewSession {
            id,
            user,
            number,
            device,
            expires_at: now + self.limits.idle.min(self.limits.absolute),
            absolute_until: now + self.limits.absolute,
        };
        store::insert(transaction, &session, now).await?;
        let ended = store::end_surplus(transaction, user, self.limits.most, now).await?;
        let mut revocations = Vec::with_capacity(ended.len());
        for sid in ended {
            let revocation = self.revocation(user, Revoked::Session(sid));
            revocation_store::insert(transaction, &revocation, now).await?;
            revocations.push(revocation);
        }
        let refresh_token = self.keys.write(Link { session: id, counter: 0 });
        Ok(Opened { id, number, refresh_token, revocations })
    }

    /// When the session was opened; nothing where it has ended.
    ///
    /// # Errors
    /// The database refused or is away.
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
}
