//! Opening a session.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::{Revocation, Sessions, revocation};
use crate::db::PgConnection;

/// The device of a login, as far as the request describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    /// From the user agent.
    pub name: Option<String>,
    /// Network address.
    pub address: Option<String>,
}

impl Device {
    /// Tells devices apart, in constant length.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        // No address contains a zero byte.
        hash.update(self.address.as_deref().unwrap_or_default());
        hash.update([0]);
        hash.update(self.name.as_deref().unwrap_or_default());
        hash.finalize().into_iter().take(16).collect()
    }
}

/// A session that was just opened.
pub(crate) struct Opened {
    /// Its id.
    pub id: Uuid,
    /// Its number among the user's.
    pub number: i64,
    /// Its first refresh token.
    pub refresh_token: String,
    /// Revocations of the user's sessions that exceeded the limit.
    pub revocations: Vec<Revocation>,
}

struct NewSession<'a> {
    id: Uuid,
    user: Uuid,
    number: i64,
    device: &'a Device,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    absolute_until: DateTime<Utc>,
}

impl Sessions {
    /// Opens the user's `number`th session, in the transaction that assigned the number. If the
    /// user then has too many sessions, the least recently used are ended.
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
            created_at: now,
            expires_at: now + self.limits.idle.min(self.limits.absolute),
            absolute_until: now + self.limits.absolute,
        };
        insert(transaction, &session).await?;
        let ended = end_surplus(transaction, user, self.limits.max_sessions, now).await?;
        let mut revocations = Vec::with_capacity(ended.len());
        for session in ended {
            let revocation = self.revocation_of(user, session);
            revocation::insert(transaction, &revocation, now).await?;
            revocations.push(revocation);
        }
        let refresh_token = self.keys.encode(RefreshToken { session: id, counter: 0 });
        Ok(Opened { id, number, refresh_token, revocations })
    }
}

async fn insert(transaction: &mut PgConnection, new: &NewSession<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, number, device, address, created_at, last_seen_at,
                               expires_at, absolute_until)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
        new.id,
        new.user,
        new.number,
        new.device.name,
        new.device.address,
        new.created_at,
        new.expires_at,
        new.absolute_until,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Ends all of the user's active sessions except the `max` most recently used.
async fn end_surplus(
    transaction: &mut PgConnection,
    user: Uuid,
    max: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "UPDATE sessions SET ended_at = $3, end_reason = 'too_many_sessions' WHERE id IN (
             SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3
             ORDER BY last_seen_at DESC, number DESC OFFSET $2)
         AND ended_at IS NULL RETURNING id",
        user,
        max,
        now,
    )
    .fetch_all(transaction)
    .await
}
