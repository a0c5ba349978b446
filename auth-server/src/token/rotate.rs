//! Replacing the key that signs, without a token that anybody would have to refuse.
//!
//! Where a key stands follows from its times in the table, so all servers agree on it: *pending*
//! (published, does not sign yet), *signing*, *retired* (its last tokens are alive), *removed*.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgPool;

use super::key::{Key, random_seed};
use super::ring;
use super::ring::KeyError;
use super::store;
use super::store::KeyTimes;
use super::verify::LEEWAY;
use crate::audit;
use crate::audit::{Actor, Record};
use crate::crypto::aead::EncryptionKeys;

/// For servers that read the table a moment late and sign with the old key until then.
const TO_SPARE: TimeDelta = TimeDelta::seconds(60);

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Published, but does not sign yet.
    Pending,
    /// Signs.
    Signing,
    /// Signs no more; tokens of it may be alive.
    Retired,
    /// No token of it is alive, and none is taken.
    Removed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Removed => "removed",
        })
    }
}

/// Why no key was replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// One rotation at a time.
    #[error("key {0} is published already and signs from {1}; rotate again after that")]
    Pending(String, DateTime<Utc>),
    /// Servers make the first key themselves.
    #[error("there is no signing key yet; the first start of `auth-server serve` makes one")]
    None,
    /// The database, or the secret.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<sqlx::Error> for RotateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Key(error.into())
    }
}

/// A rotation that has begun; it goes on by itself.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The key that was published.
    pub kid: String,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
    /// The key that it replaces.
    pub old: String,
    /// When that one is removed.
    pub retire_at: DateTime<Utc>,
}

/// Every key there ever was with its state, the newest first.
///
/// # Errors
/// The database refused or is away.
pub async fn list(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<(KeyTimes, State)>> {
    let keys = store::times(pool).await?;
    // The latest whose time has come, as the ring has it.
    let signing = keys.iter().find(|key| key.signs_from <= now).map(|key| key.kid.clone());
    let state = |key: &KeyTimes| {
        if key.retire_at.is_some_and(|at| at <= now) {
            State::Removed
        } else if key.signs_from > now {
            State::Pending
        } else if signing.as_ref() == Some(&key.kid) {
            State::Signing
        } else {
            State::Retired
        }
    };
    Ok(keys.into_iter().map(|key| (state(&key), key)).map(|(state, key)| (key, state)).collect())
}

/// Publishes a new key, which signs once `lead` has passed. The one that signs until then is
/// removed when its last token, which lives for `life`, is dead.
///
/// # Errors
/// Another rotation is under way, there is nothing to replace, or the secret is not the one of the
/// servers.
pub async fn rotate(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
    (life, lead): (TimeDelta, TimeDelta),
) -> Result<Rotated, RotateError> {
    // A key under a secret that the servers don't have would stop them from reading any.
    ring::read(pool, encryption, now).await?;
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction).await?;
    let old = store::newest(&mut transaction).await?.ok_or(RotateError::None)?;
    if old.signs_from > now {
        return Err(RotateError::Pending(old.kid, old.signs_from));
    }
    let signs_from = now + lead;
    let retire_at = signs_from + life + LEEWAY + TO_SPARE;
    store::retire(&mut transaction, &old.kid, retire_at).await?;
    let kid = publish(&mut transaction, encryption, now, signs_from).await?;
    let record = Record::new(Actor::CommandLine, "rotate_keys", format!("key:{kid}"))
        .before(json!({ "signs": old.kid }))
        .after(json!({ "signs": kid, "from": signs_from }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(Rotated { kid, signs_from, old: old.kid, retire_at })
}

/// Adds a key that nobody has, and tells its id.
pub(crate) async fn publish(
    transaction: &mut sqlx::PgConnection,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<String, KeyError> {
    let seed = random_seed();
    let key = Key::from_seed(&seed, signs_from, None);
    let encrypted = encryption.encrypt(&key.kid, seed.as_ref()).map_err(|_| KeyError::Unusable)?;
    let public = URL_SAFE_NO_PAD.decode(&key.x).map_err(|_| KeyError::Unusable)?;
    store::insert(transaction, (&key.kid, &public, &encrypted), now, signs_from).await?;
    Ok(key.kid)
}
