//! Replacing a secret that was stolen or lost: nothing under it is trusted any more.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use tokio::time::sleep;

use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::crypto::aead::Decrypted;
use crate::crypto::{EncryptionKeys, Purpose, Secrets};
use crate::db::{PgConnection, PgPool};
use crate::second_factor::{encryption_label, store};
use crate::token::{self, KeyError};

/// How long running servers are waited for. One that was killed counts as running for ten seconds.
const MAX_WAIT_SECONDS: u32 = 12;

/// Why a secret was not replaced, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CompromisedError {
    /// Running servers trust the old secret.
    #[error(
        "{0} servers are running; stop all of them first, as they go on trusting the old secret"
    )]
    Running(i64),
    /// The secret is the one that was stolen or lost.
    #[error(
        "a secret in AUTH_SECRET, AUTH_SECRET_NEXT or AUTH_SECRET_PREVIOUS was replaced because of a theft or a \
         loss; remove it"
    )]
    Secret,
    /// The database is unavailable, or a key cannot be encrypted.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<sqlx::Error> for CompromisedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Key(error.into())
    }
}

/// Checks that none of these secrets, by their fingerprints, was replaced because of a theft or a loss.
///
/// # Errors
/// One was, or the database is unavailable.
pub(crate) async fn check(pool: &PgPool, fingerprints: &[Vec<u8>]) -> Result<(), CompromisedError> {
    let is_compromised = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM secrets WHERE compromised AND fingerprint = ANY($1)) AS "is!""#,
        fingerprints,
    );
    if is_compromised.fetch_one(pool).await? { Err(CompromisedError::Secret) } else { Ok(()) }
}

/// What was done.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Replaced {
    /// Sessions that ended.
    pub sessions: u64,
    /// Second factors that the new secret decrypts now.
    pub factors: u64,
    /// Second factors that none of the secrets decrypts.
    pub lost_factors: u64,
}

/// Re-encrypts what can be decrypted, replaces all signing keys and ends all sessions, or does nothing.
///
/// # Errors
/// Servers are running, the new secret was itself compromised, or the database is unavailable.
pub(crate) async fn replace(
    pool: &PgPool,
    secrets: &Secrets,
    now: DateTime<Utc>,
) -> Result<Replaced, CompromisedError> {
    let fingerprints = secrets.fingerprints();
    let current = fingerprints.first().map(Vec::as_slice).unwrap_or_default();
    check(pool, &[current.to_vec()]).await?;
    wait_until_stopped(pool).await?;
    let mut transaction = pool.begin().await?;
    let keys = EncryptionKeys::of(secrets, Purpose::SigningKeyEncryption);
    token::replace_all(&mut transaction, &keys, now).await?;
    let sessions = end_sessions(&mut transaction, now).await?;
    let keys = EncryptionKeys::of(secrets, Purpose::SecondFactorEncryption);
    let (factors, lost_factors) = reencrypt_factors(&mut transaction, &keys).await?;
    forbid_others(&mut transaction, current, secrets.previous_fingerprint()).await?;
    let record = AuditRecord::new(Actor::CommandLine, "replace_secret", "secret").after(json!({
        "sessions": sessions, "second_factors": factors, "lost_second_factors": lost_factors
    }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(Replaced { sessions, factors, lost_factors })
}

async fn wait_until_stopped(pool: &PgPool) -> Result<(), CompromisedError> {
    let mut servers = running_servers(pool).await?;
    for _ in 0..MAX_WAIT_SECONDS {
        if servers == 0 {
            return Ok(());
        }
        sleep(Duration::from_secs(1)).await;
        servers = running_servers(pool).await?;
    }
    Err(CompromisedError::Running(servers))
}

async fn running_servers(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "running!" FROM servers
           WHERE seen_at > clock_timestamp() - interval '10 seconds'"#
    )
    .fetch_one(pool)
    .await
}

/// No server starts with any secret but the current one that was ever used. An unknown one that was lost is among
/// them, too: servers have announced it.
async fn forbid_others(
    transaction: &mut PgConnection,
    current: &[u8],
    previous: Option<Vec<u8>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH stopped AS (DELETE FROM servers), known AS (
             UPDATE secrets SET compromised = true WHERE fingerprint <> $1 AND fingerprint IS DISTINCT FROM $2)
         INSERT INTO secrets (fingerprint, used_at, compromised)
         SELECT $2, clock_timestamp(), true WHERE $2::bytea IS NOT NULL
         ON CONFLICT (fingerprint) DO UPDATE SET compromised = true",
        current,
        previous,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

async fn end_sessions(transaction: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "UPDATE sessions SET ended_at = $1, end_reason = 'secret_replaced' WHERE ended_at IS NULL",
        now,
    );
    Ok(ended.execute(transaction).await?.rows_affected())
}

/// How many are encrypted with the new secret now, and how many cannot be read.
async fn reencrypt_factors(
    transaction: &mut PgConnection,
    keys: &EncryptionKeys,
) -> Result<(u64, u64), KeyError> {
    let rows = sqlx::query!("SELECT user_id, secret FROM second_factors FOR UPDATE");
    let rows = rows.fetch_all(&mut *transaction).await?;
    let (mut readable, mut lost) = (0_u64, 0_u64);
    for row in rows {
        let label = encryption_label(row.user_id);
        match keys.decrypt(&label, &row.secret) {
            None => {
                lost = lost.saturating_add(1);
                continue;
            }
            Some(Decrypted::Current(_)) => {}
            Some(Decrypted::Other(secret)) => {
                let secret = keys.encrypt(&label, &secret).map_err(|_| KeyError::Unusable)?;
                store::replace_secret(&mut *transaction, row.user_id, &row.secret, &secret).await?;
            }
        }
        readable = readable.saturating_add(1);
    }
    Ok((readable, lost))
}
