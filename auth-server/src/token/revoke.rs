//! Key revocation: a key that may be in the wrong hands is out of use at once, and so are its tokens.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::ring::KeyError;
use super::store::KeyTimes;
use super::{ring, rotate, store};
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::crypto::EncryptionKeys;
use crate::db::{PgConnection, PgPool};

/// Why the key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// No key has this id.
    #[error("there is no signing key {0}; `auth-server keys list` shows all")]
    Unknown(String),
    /// It is out of use already.
    #[error("signing key {0} was already revoked")]
    AlreadyRevoked(String),
    /// The stored keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<sqlx::Error> for RevokeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Key(error.into())
    }
}

/// A revoked key.
#[derive(Clone, Debug)]
pub struct RevokedKey {
    /// The key that takes its place, if it was signing or about to.
    pub successor: Option<String>,
}

/// Takes a key out of use and erases its private key. If it signs, or is to sign next, another key takes
/// its place.
///
/// # Errors
/// There is no such key, it was revoked before, or the secret is not the servers' secret.
pub async fn revoke(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    kid: &str,
    now: DateTime<Utc>,
) -> Result<RevokedKey, RevokeError> {
    // A successor encrypted with a secret that the servers do not have would keep them from reading any.
    ring::read(pool, encryption, now).await?;
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction).await?;
    let keys = store::times(&mut *transaction).await?;
    let key = keys.iter().find(|key| key.kid == kid);
    let key = key.ok_or_else(|| RevokeError::Unknown(kid.to_owned()))?;
    if key.revoked_at.is_some() {
        return Err(RevokeError::AlreadyRevoked(kid.to_owned()));
    }
    store::revoke(&mut transaction, kid, now).await?;
    let successor = replace(&mut transaction, encryption, &keys, key, now).await?;
    let record = AuditRecord::new(Actor::CommandLine, "revoke_key", format!("key:{kid}"))
        .after(json!({ "successor": successor }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(RevokedKey { successor })
}

/// Takes every key out of use, for another one that signs at once.
pub(crate) async fn replace_all(
    transaction: &mut PgConnection,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
) -> Result<(), KeyError> {
    store::lock(transaction).await?;
    let keys = store::times(&mut *transaction).await?;
    for key in keys.iter().filter(|key| key.revoked_at.is_none()) {
        store::revoke(transaction, &key.kid, now).await?;
    }
    rotate::publish(transaction, encryption, now, now).await.map(drop)
}

/// Fills the place of a revoked key. The successor signs from when the revoked key did, so that it also
/// signs at servers whose clocks are behind.
async fn replace(
    transaction: &mut PgConnection,
    encryption: &EncryptionKeys,
    keys: &[KeyTimes],
    revoked: &KeyTimes,
    now: DateTime<Utc>,
) -> Result<Option<String>, RevokeError> {
    if revoked.retire_at.is_none() {
        return Ok(Some(rotate::publish(transaction, encryption, now, revoked.signs_from).await?));
    }
    let in_use = |key: &&KeyTimes| key.revoked_at.is_none() && key.kid != revoked.kid;
    let mut newer = keys.iter().filter(in_use).filter(|key| key.signs_from > revoked.signs_from);
    match newer.next_back() {
        // It was signing, and its successor is published but does not sign yet.
        Some(next) if next.signs_from > now => {
            store::sign_from(transaction, &next.kid, revoked.signs_from).await?;
            Ok(Some(next.kid.clone()))
        }
        _ => Ok(None),
    }
}
