//! The active signing keys, in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::key::{Key, Seed};
use super::rotate;
use super::store;
use super::store::KeyRow;
use crate::clock::Clock;
use crate::crypto::aead::{Decrypted, EncryptionKeys};
use crate::db::{AgreedClock, PgPool};

/// Why the signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database refused a statement or is unavailable.
    #[error("cannot read the signing keys from the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The configured secret is not the one that encrypted the key.
    #[error(
        "signing key {0} was encrypted with another secret; \
         set AUTH_SECRET or AUTH_SECRET_PREVIOUS to the secret of the last run"
    )]
    WrongSecret(String),
    /// A stored key is not a valid Ed25519 key.
    #[error("a signing key is invalid")]
    Unusable,
}

/// Minimum time between two reloads for unknown key ids, in milliseconds.
const MIN_RELOAD_INTERVAL_MS: i64 = 1_000;

/// All active keys. Reading takes no lock; the list is replaced as a whole.
pub struct KeyRing {
    pool: PgPool,
    encryption: EncryptionKeys,
    clock: Clock,
    keys: ArcSwap<Vec<Arc<Key>>>,
    /// Held while the keys are read, so that an older state never replaces a newer one.
    reloading: Mutex<()>,
    reloaded_at_ms: AtomicI64,
}

impl KeyRing {
    /// Loads the active keys.
    ///
    /// # Errors
    /// The database is unavailable, or the secret is not the one that encrypted them.
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
            keys: ArcSwap::from_pointee(shared(keys)),
            reloading: Mutex::new(()),
            reloaded_at_ms: AtomicI64::new(i64::MIN),
        })
    }

    /// Reloads the active keys. What a revoked one verified is no longer valid.
    ///
    /// # Errors
    /// As [`KeyRing::load`]; the current keys stay in use.
    pub async fn reload(&self) -> Result<(), KeyError> {
        let _turn = self.reloading.lock().await;
        let mut keys = read(&self.pool, &self.encryption, self.clock.now()).await?;
        for old in &**self.keys.load() {
            match keys.iter_mut().find(|key| key.kid == old.kid) {
                Some(key) => key.revocation = old.revocation.clone(),
                None => old.revocation.revoke(),
            }
        }
        self.keys.store(Arc::new(shared(keys)));
        Ok(())
    }

    /// Erases the private keys of removed keys, if the clocks agree that these are removed.
    async fn erase(&self, clock: &AgreedClock) -> sqlx::Result<()> {
        if !store::any_to_erase(&self.pool, self.clock.now()).await? {
            return Ok(());
        }
        let Some(now) = clock.agreed().await? else { return Ok(()) };
        store::erase_private_keys(&self.pool, now).await
    }

    /// The key that signs now: the newest that has started to sign. On a server whose clock is behind
    /// none may have; then the one that started first.
    #[must_use]
    pub fn signing(&self) -> Option<Arc<Key>> {
        let (now, keys) = (self.clock.now(), self.keys.load());
        keys.iter().find(|key| key.signs_from <= now).or(keys.last()).cloned()
    }

    /// The key with this id. An unknown one may be new on another server, so the keys are reloaded, at
    /// most once a second.
    pub async fn find(&self, kid: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        let now = self.clock.now().timestamp_millis();
        let last = self.reloaded_at_ms.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= MIN_RELOAD_INTERVAL_MS;
        let turn = Ordering::Relaxed;
        if !due || self.reloaded_at_ms.compare_exchange(last, now, turn, turn).is_err() {
            return None;
        }
        if let Err(error) = self.reload().await {
            tracing::error!(%error, "cannot reload the signing keys");
        }
        self.known(kid)
    }

    /// The public half of the key with this id, also if it retired, but at most `kept` ago.
    pub(super) async fn find_public(
        &self,
        kid: &str,
        kept: TimeDelta,
    ) -> sqlx::Result<Option<DecodingKey>> {
        if let Some(key) = self.known(kid) {
            return Ok(Some(key.verifying.clone()));
        }
        let key = store::public_key(&self.pool, kid, self.clock.now() - kept).await?;
        Ok(key.map(|key| DecodingKey::from_ed_der(&key)))
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        let now = self.clock.now();
        self.keys.load().iter().find(|key| key.kid == kid && key.is_active(now)).cloned()
    }

    /// Keys of tokens that may still be valid.
    #[must_use]
    pub fn active(&self) -> Vec<Arc<Key>> {
        let now = self.clock.now();
        self.keys.load().iter().filter(|key| key.is_active(now)).cloned().collect()
    }
}

/// Time between two reloads, each of a handful of rows: a revoked key is out of use after it.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Reloads the keys regularly until `stop`, and erases the private keys of removed ones.
pub async fn reload(ring: Arc<KeyRing>, clock: AgreedClock, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(RELOAD_INTERVAL)).await.is_some() {
        if let Err(error) = ring.erase(&clock).await {
            tracing::warn!(%error, "cannot erase removed signing keys");
        }
        if let Err(error) = ring.reload().await {
            tracing::warn!(%error, "cannot reload the signing keys; the current ones stay in use");
        }
    }
}

/// Re-encrypts keys that were encrypted with another secret than the current one. Several servers may do
/// this at once.
///
/// # Errors
/// As [`KeyRing::load`].
pub async fn reencrypt(pool: &PgPool, encryption: &EncryptionKeys) -> Result<(), KeyError> {
    for row in store::with_private_key(pool).await? {
        if let Some(Decrypted::Other(seed)) = encryption.decrypt(&row.kid, &row.private_key) {
            let encrypted = encryption.encrypt(&row.kid, &seed).map_err(|_| KeyError::Unusable)?;
            store::replace_private_key(pool, &row.kid, &row.private_key, &encrypted).await?;
            tracing::info!(kid = row.kid, "signing key re-encrypted with the current secret");
        }
    }
    Ok(())
}

/// Creates the first key if there is none. Several servers may do this at once.
///
/// # Errors
/// The database is unavailable.
pub async fn create_first(
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
    tracing::info!(kid, "first signing key created");
    Ok(())
}

pub(super) async fn read(
    pool: &PgPool,
    encryption: &EncryptionKeys,
    now: DateTime<Utc>,
) -> Result<Vec<Key>, KeyError> {
    let rows = store::active(pool, now).await?;
    rows.iter().map(|row| decrypt(row, encryption)).collect()
}

fn shared(keys: Vec<Key>) -> Vec<Arc<Key>> {
    keys.into_iter().map(Arc::new).collect()
}

fn decrypt(row: &KeyRow, encryption: &EncryptionKeys) -> Result<Key, KeyError> {
    let secret = encryption
        .decrypt(&row.kid, &row.private_key)
        .ok_or_else(|| KeyError::WrongSecret(row.kid.clone()))?
        .into_plaintext();
    let seed: Seed = Zeroizing::new(secret.as_slice().try_into().map_err(|_| KeyError::Unusable)?);
    Ok(Key::from_seed(&seed, row.signs_from, row.retire_at))
}
