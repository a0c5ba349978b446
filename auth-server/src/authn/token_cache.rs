//! Verified tokens, cached by a tag: the token itself is never stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;
use papaya::HashMap;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;

use super::Principal;

/// POLYVAL (RFC 8452, section 3) of a token and its length. Under a secret key, two texts of up to
/// 8 KiB collide with a probability of 2^-119, in a third of the time of SHA-256.
type Tag = [u8; 16];

pub(crate) struct TokenCache {
    tokens: HashMap<Tag, Arc<Principal>, RandomState>,
    /// Has a random key for the lifetime of the cache.
    hash: Polyval,
    capacity: usize,
    sweeping: AtomicBool,
}

impl TokenCache {
    /// Holds up to `capacity` tokens; briefly a few more.
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
        let principal = self.tokens.pin().get(&self.tag(token)).cloned();
        principal.filter(|principal| !principal.key.is_revoked())
    }

    pub(crate) fn insert(&self, token: &[u8], principal: Arc<Principal>, now: i64) {
        self.tokens.pin().insert(self.tag(token), principal);
        if self.tokens.len() > self.capacity && !self.sweeping.swap(true, Ordering::AcqRel) {
            self.sweep(now);
            self.sweeping.store(false, Ordering::Release);
        }
    }

    /// Removes expired tokens, and others until a tenth of the capacity is free, so that a full cache
    /// is not swept for every new token. A removed token is verified again when it is next used.
    fn sweep(&self, now: i64) {
        let tokens = self.tokens.pin();
        tokens.retain(|_, principal| !principal.is_expired(now));
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
    use crate::token::KeyRevocation;
    use uuid::Uuid;

    fn token(expires_at: i64) -> Arc<Principal> {
        Arc::new(Principal {
            user: Uuid::nil(),
            session: Uuid::nil(),
            session_number: 1,
            key: KeyRevocation::default(),
            roles: TokenRoles::new(0, vec![]),
            expires_at,
        })
    }

    #[test]
    fn a_full_cache_removes_expired_tokens_first() {
        let (cache, now) = (TokenCache::new(100), 1_000_000);
        let (expired, valid) = (now - 3_600, now + 3_600);
        for n in 0..50 {
            cache.insert(format!("expired {n}").as_bytes(), token(expired), now);
        }
        for n in 0..51 {
            cache.insert(format!("valid {n}").as_bytes(), token(valid), now);
        }
        assert!(cache.get(b"expired 0").is_none());
        assert!((0..51).all(|n| cache.get(format!("valid {n}").as_bytes()).is_some()));
    }

    #[test]
    fn a_cache_full_of_valid_tokens_stays_bounded() {
        let (cache, now) = (TokenCache::new(100), 1_000_000);
        for n in 0..1_000 {
            cache.insert(n.to_string().as_bytes(), token(now + 3_600), now);
            assert!(cache.tokens.len() <= 101);
        }
        assert!(cache.tokens.len() >= 90);
    }
}
