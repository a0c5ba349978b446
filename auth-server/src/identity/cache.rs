//! Tokens that were verified before, under the hash of their bytes: no token is ever stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use papaya::HashMap;
use sha2::{Digest, Sha256};

use super::Verified;

/// SHA-256 of a token. A cryptographic hash, so that nobody can make another token that has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

pub(super) struct Cache {
    tokens: HashMap<Key, Arc<Verified>, foldhash::fast::RandomState>,
    most: usize,
    sweeping: AtomicBool,
}

impl Cache {
    /// Keeps `most` tokens, or a few more for a moment.
    pub(super) fn new(most: usize) -> Self {
        let hasher = foldhash::fast::RandomState::default();
        Self { tokens: HashMap::with_hasher(hasher), most, sweeping: AtomicBool::new(false) }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Verified>> {
        self.tokens.pin().get(key).cloned()
    }

    pub(super) fn insert(&self, key: Key, verified: Arc<Verified>, now: DateTime<Utc>) {
        self.tokens.pin().insert(key, verified);
        if self.tokens.len() > self.most && !self.sweeping.swap(true, Ordering::AcqRel) {
            self.sweep(now);
            self.sweeping.store(false, Ordering::Release);
        }
    }

    /// Drops what has expired; if that is not a tenth, then some of the others as well, so that a
    /// full cache is not swept at every new token. Whoever is dropped is verified once more.
    fn sweep(&self, now: DateTime<Utc>) {
        let tokens = self.tokens.pin();
        tokens.retain(|_, verified| !verified.is_over(now));
        let surplus = tokens.len().saturating_sub(self.most - self.most / 10);
        let dropped: Vec<Key> = tokens.keys().take(surplus).copied().collect();
        for key in &dropped {
            tokens.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn token(expires_at: DateTime<Utc>) -> Arc<Verified> {
        Arc::new(Verified {
            user: Uuid::nil(),
            session: Uuid::nil(),
            session_number: 1,
            roles: vec![],
            rev: 0,
            expires_at,
        })
    }

    #[test]
    fn a_full_cache_drops_what_has_expired_first() {
        let (cache, now) = (Cache::new(100), DateTime::UNIX_EPOCH);
        let (dead, alive) = (now - TimeDelta::hours(1), now + TimeDelta::hours(1));
        for n in 0..50 {
            cache.insert(Key::of(&format!("dead {n}")), token(dead), now);
        }
        for n in 0..51 {
            cache.insert(Key::of(&format!("alive {n}")), token(alive), now);
        }
        assert!(cache.get(&Key::of("dead 0")).is_none());
        assert!((0..51).all(|n| cache.get(&Key::of(&format!("alive {n}"))).is_some()));
    }

    #[test]
    fn a_cache_full_of_living_tokens_stays_bounded() {
        let (cache, now) = (Cache::new(100), DateTime::UNIX_EPOCH);
        for n in 0..1_000 {
            cache.insert(Key::of(&n.to_string()), token(now + TimeDelta::hours(1)), now);
            assert!(cache.tokens.len() <= 101);
        }
        assert!(cache.tokens.len() >= 90);
    }
}
