//! Key rotation: replacing the signing key without invalidating any token.
//!
//! The state of a key follows from its times in the table, so that all servers agree on it: *pending*
//! (published, does not sign yet), *signing*, *retired* (its last tokens are still valid), *removed*; or
//! *revoked* ([`super::revoke`]).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::key::{Key, random_seed};
use super::ring;
use super::ring::KeyError;
use super::store;
use super::store::{KeyTimes, NewKey};
use super::verify::LEEWAY;
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::crypto::EncryptionKeys;
use crate::db::{PgConnection, PgPool};

/// Time for servers that read the table late and sign with the old key until then.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Pending,
    /// Signs.
    Signing,
    /// No longer signs; its tokens may still be valid.
    Retired,
    /// All its tokens have expired.
    Removed,
    /// Taken out of use before its time: none of its tokens is accepted.
    Revoked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Removed => "removed",
            Self::Revoked => "revoked",
        })
    }
}

/// Why the signing key was not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Another rotation is in progress.
    #[error("key {0} is already published and signs from {1}; rotate again after that")]
    Pending(String, DateTime<Utc>),
    /// Servers create the first key themselves.
    #[error("there is no signing key yet; the first start of `auth-server serve` creates one")]
    None,
    /// The stored keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<sqlx::Error> for RotateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Key(error.into())
    }
}

/// A rotation that was started; it completes without further action.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The new key.
    pub kid: String,
    /// When the new key starts to sign.
    pub signs_from: DateTime<Utc>,
    /// The key that it replaces.
    pub old: String,
    /// When the old key is removed.
    pub retire_at: DateTime<Utc>,
}

/// All keys with their states, newest first.
///
/// # Errors
/// The database refused the statement or is unavailable.
pub async fn list(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<(KeyTimes, KeyState)>> {
    let keys = store::times(pool).await?;
    let signs = |key: &&KeyTimes| key.revoked_at.is_none() && key.signs_from <= now;
    let signing = keys.iter().find(signs).map(|key| key.kid.clone());
    let state = |key: &KeyTimes| {
        if key.revoked_at.is_some() {
            KeyState::Revoked
        } else if key.retire_at.is_some_and(|at| at <= now) {
            KeyState::Removed
        } else if key.signs_from > now {
            KeyState::Pending
        } else if signing.as_ref() == Some(&key.kid) {
            KeyState::Signing
        } else {
            KeyState::Retired
        }
    };
    Ok(keys.into_iter().map(|key| (state(&key), key)).map(|(state, key)| (key, state)).collect())
}

/// Publishes a new key, which signs after `lead`. The key that signs until then is removed once its
/// last token has expired; `lifetime` is the lifetime of a token.
///
/// # Errors
/// A rotation is in progress, there is no key to replace, or the secret is not the servers' secret.
pub async fn rotate(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
    lifetime: TimeDelta,
    lead: TimeDelta,
) -> Result<Rotation, RotateError> {
    // A key encrypted with a secret that the servers do not have would keep them from reading any.
    ring::read(pool, encryption, now).await?;
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction).await?;
    let old = store::newest(&mut transaction).await?.ok_or(RotateError::None)?;
    if old.signs_from > now {
        return Err(RotateError::Pending(old.kid, old.signs_from));
    }
    let signs_from = now + lead;
    let retire_at = signs_from + lifetime + LEEWAY + MARGIN;
    store::retire(&mut transaction, &old.kid, retire_at).await?;
    let kid = publish(&mut transaction, encryption, now, signs_from).await?;
    let record = AuditRecord::new(Actor::CommandLine, "rotate_keys", format!("key:{kid}"))
        .before(json!({ "signs": old.kid }))
        .after(json!({ "signs": kid, "from": signs_from }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(Rotation { kid, signs_from, old: old.kid, retire_at })
}

/// Stores a new random key and returns its id.
pub(super) async fn publish(
    transaction: &mut PgConnection,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<String, KeyError> {
    let seed = random_seed();
    let key = Key::from_seed(&seed, signs_from, None);
    let private_key =
        encryption.encrypt(&key.kid, seed.as_ref()).map_err(|_| KeyError::Unusable)?;
    let public_key = URL_SAFE_NO_PAD.decode(&key.x).map_err(|_| KeyError::Unusable)?;
    let (kid, public_key, private_key) = (&*key.kid, &*public_key, &*private_key);
    let new = NewKey { kid, public_key, private_key, created_at: now, signs_from };
    store::insert(transaction, &new).await?;
    Ok(key.kid)
}
