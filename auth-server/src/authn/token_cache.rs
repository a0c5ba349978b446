//! Tokens that were verified before, under their tag: no token is ever stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;
use papaya::HashMap;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;

use super::Principal;

/// POLYVAL (RFC 8452, section 3) of a token and its length. Under a key that nobody knows, two
/// texts of up to 8 KiB share a tag with a chance of 2^-119, and the hash takes a third of the
/// time that SHA-256 takes.
type Tag = [u8; 16];

pub(crate) struct TokenCache {
    tokens: HashMap<Tag, Arc<Principal>, RandomState>,
    /// Keyed at random, for the life of this cache.
    hash: Polyval,
    capacity: usize,
    sweeping: AtomicBool,
}

impl TokenCache {
    /// Keeps `most` tokens, or a few more for a moment.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            tokens: HashMap::with_hasher(RandomState::default()),
            hash: Polyval::new(&rand::random::<[u8; 16]>().into()),
            capacity,
            sweeping: AtomicBool::new(false),
        }
    }

    fn tag(&self, token: &[u8]) -> Tag {
        let mut hash = self.hash.clone();
        hash.update_padded(token);
        hash.update(&[(token.len() as u128).to_le_bytes().into()]);
        hash.finalize().into()
    }

    pub(crate) fn get(&self, token: &[u8]) -> Option<Arc<Principal>> {
        self.tokens.pin().get(&self.tag(token)).cloned()
    }

    pub(crate) fn insert(&self, token: &[u8], verified: Arc<Principal>, now: i64) {
        self.tokens.pin().insert(self.tag(token), verified);
        if self.tokens.len() > self.capacity && !self.sweeping.swap(true, Ordering::AcqRel) {
            self.sweep(now);
            self.sweeping.store(false, Ordering::Release);
        }
    }

    /// Drops what has expired; if that is not a tenth, then some of the others as well, so that a
    /// full cache is not swept at every new token. Whoever is dropped is verified once more.
    fn sweep(&self, now: i64) {
        let tokens = self.tokens.pin();
        tokens.retain(|_, verified| !verified.is_expired(now));
        let surplus = tokens.len().saturating_sub(self.capacity - self.capacity / 10);
        let dropped: Vec<Tag> = tokens.keys().take(surplus).copied().collect();
        for key in &dropped {
            tokens.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::TokenRoles;
    use uuid::Uuid;

    fn token(expires_at: i64) -> Arc<Principal> {
        Arc::new(Principal {
            user: Uuid::nil(),
            session: Uuid::nil(),
            session_number: 1,
            roles: TokenRoles::new(0, vec![]),
            expires_at,
        })
    }

    #[test]
    fn a_full_cache_drops_what_has_expired_first() {
        let (cache, now) = (TokenCache::new(100), 1_000_000);
        let (dead, alive) = (now - 3_600, now + 3_600);
        for n in 0..50 {
            cache.insert(format!("dead {n}").as_bytes(), token(dead), now);
        }
        for n in 0..51 {
            cache.insert(format!("alive {n}").as_bytes(), token(alive), now);
        }
        assert!(cache.get(b"dead 0").is_none());
        assert!((0..51).all(|n| cache.get(format!("alive {n}").as_bytes()).is_some()));
    }

    #[test]
    fn a_cache_full_of_living_tokens_stays_bounded() {
        let (cache, now) = (TokenCache::new(100), 1_000_000);
        for n in 0..1_000 {
            cache.insert(n.to_string().as_bytes(), token(now + 3_600), now);
            assert!(cache.tokens.len() <= 101);
        }
        assert!(cache.tokens.len() >= 90);
    }
}
