//! The keys in use, in memory, as the database has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::key::{Key, Seed};
use super::rotate;
use super::store;
use super::store::KeyRow;
use crate::clock::Clock;
use crate::crypto::aead::{Decrypted, EncryptionKeys};

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database refused or is away.
    #[error("the signing keys can't be read from the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The configured secret is another than the one that encrypted the key.
    #[error(
        "signing key {0} was encrypted under another secret: \
         start with the secret of the last run, as AUTH_SECRET or AUTH_SECRET_PREVIOUS"
    )]
    WrongSecret(String),
    /// The cryptographic library refused a key of the right size; this does not happen.
    #[error("a signing key is unusable")]
    Unusable,
}

/// The shortest time between two reloads that strangers can cause, in milliseconds.
const RELOAD_EVERY_MS: i64 = 1_000;

/// All living keys. Cheap to read; replaced whole.
pub struct KeyRing {
    pool: PgPool,
    encryption: EncryptionKeys,
    clock: Clock,
    keys: ArcSwap<Vec<Arc<Key>>>,
    reloaded_at_ms: AtomicI64,
}

impl KeyRing {
    /// Reads the keys.
    ///
    /// # Errors
    /// The database is away, or the secret is not the one that encrypted them.
    pub async fn load(
        pool: PgPool,
        encryption: EncryptionKeys,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        let keys = read(&pool, &encryption, clock.now()).await?;
        Ok(Self {
            pool,
            encryption,
            clock,
            keys: ArcSwap::from_pointee(keys),
            reloaded_at_ms: AtomicI64::new(i64::MIN),
        })
    }

    /// Reads the keys again.
    ///
    /// # Errors
    /// As [`KeyRing::load`]; the keys in use stay as they are.
    pub async fn reload(&self) -> Result<(), KeyError> {
        let keys = read(&self.pool, &self.encryption, self.clock.now()).await?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    async fn renew(&self) -> Result<(), KeyError> {
        store::erase_private_keys(&self.pool, self.clock.now()).await?;
        self.reload().await
    }

    /// The key that signs now: the latest whose time has come.
    #[must_use]
    pub fn signing(&self) -> Option<Arc<Key>> {
        let now = self.clock.now();
        self.keys.load().iter().find(|key| key.signs_from <= now).cloned()
    }

    /// The key of this id. One that is not known may be another server's newest: the keys are read
    /// again for it, at most once a second whoever asks.
    pub async fn find(&self, kid: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        let now = self.clock.now().timestamp_millis();
        let last = self.reloaded_at_ms.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= RELOAD_EVERY_MS;
        let turn = Ordering::Relaxed;
        if !due || self.reloaded_at_ms.compare_exchange(last, now, turn, turn).is_err() {
            return None;
        }
        if let Err(error) = self.reload().await {
            tracing::error!(%error, "signing keys not reloaded");
        }
        self.known(kid)
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        let now = self.clock.now();
        self.keys.load().iter().find(|key| key.kid == kid && key.is_active(now)).cloned()
    }

    /// Every key whose tokens may be alive, for publishing.
    #[must_use]
    pub fn active(&self) -> Vec<Arc<Key>> {
        let now = self.clock.now();
        self.keys.load().iter().filter(|key| key.is_active(now)).cloned().collect()
    }
}

/// How often the keys are read again: a handful of rows.
const EVERY: Duration = Duration::from_secs(5);

/// Reads the keys again now and then, until `stop`, and forgets the private halves of removed ones.
pub async fn reload(ring: Arc<KeyRing>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = ring.renew().await {
            tracing::warn!(%error, "signing keys not read again; the ones in use stay");
        }
    }
}

/// Makes the first key where there is none yet, whichever of several servers comes first, and seals
/// again what still is under the previous secret.
///
/// # Errors
/// As [`KeyRing::load`].
pub async fn prepare(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    clock: &Clock,
) -> Result<(), KeyError> {
    make_first(pool, encryption, clock.now()).await?;
    for row in store::active(pool, clock.now()).await? {
        if let Some(Decrypted::Previous(seed)) = encryption.decrypt(&row.kid, &row.private_key) {
            let encrypted = encryption.encrypt(&row.kid, &seed).map_err(|_| KeyError::Unusable)?;
            store::reencrypt(pool, &row.kid, &row.private_key, &encrypted).await?;
            tracing::info!(kid = row.kid, "signing key encrypted under the current secret");
        }
    }
    Ok(())
}

async fn make_first(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
) -> Result<(), KeyError> {
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction).await?;
    if store::any(&mut transaction).await? {
        return Ok(());
    }
    let kid = rotate::publish(&mut transaction, encryption, now, now).await?;
    transaction.commit().await?;
    tracing::info!(kid, "first signing key made");
    Ok(())
}

pub(crate) async fn read(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
) -> Result<Vec<Arc<Key>>, KeyError> {
    let rows = store::active(pool, now).await?;
    rows.iter().map(|row| open(row, encryption).map(Arc::new)).collect()
}

fn open(row: &KeyRow, encryption: &EncryptionKeys) -> Result<Key, KeyError> {
    let (Decrypted::Current(secret) | Decrypted::Previous(secret)) = encryption
        .decrypt(&row.kid, &row.private_key)
        .ok_or_else(|| KeyError::WrongSecret(row.kid.clone()))?;
    let seed: Seed = Zeroizing::new(secret.as_slice().try_into().map_err(|_| KeyError::Unusable)?);
    Ok(Key::from_seed(&seed, row.signs_from, row.retire_at))
}
