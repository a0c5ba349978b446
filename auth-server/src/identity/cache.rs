//! Tokens that were verified before.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use foldhash::{fast, quality};
use papaya::HashMap;

use super::Verified;

/// Tokens by their hash, which is keyed at random. Two of one hash take turns.
pub(super) struct Cache {
    tokens: HashMap<u64, Known, fast::RandomState>,
    hasher: quality::RandomState,
    most: usize,
    sweeping: AtomicBool,
}

/// The token is compared whole: that costs less than a hash that nobody could forge.
struct Known {
    token: Box<[u8]>,
    verified: Arc<Verified>,
}

impl Cache {
    /// Keeps `most` tokens, or a few more for a moment. Each takes about 1 KiB.
    pub(super) fn new(most: usize) -> Self {
        Self {
            tokens: HashMap::with_hasher(fast::RandomState::default()),
            hasher: quality::RandomState::default(),
            most,
            sweeping: AtomicBool::new(false),
        }
    }

    pub(super) fn get(&self, token: &[u8]) -> Option<Arc<Verified>> {
        let tokens = self.tokens.pin();
        let known = tokens.get(&self.hasher.hash_one(token))?;
        (*known.token == *token).then(|| Arc::clone(&known.verified))
    }

    pub(super) fn insert(&self, token: &[u8], verified: Arc<Verified>, now: DateTime<Utc>) {
        let known = Known { token: token.into(), verified };
        self.tokens.pin().insert(self.hasher.hash_one(token), known);
        if self.tokens.len() > self.most && !self.sweeping.swap(true, Ordering::AcqRel) {
            self.sweep(now);
            self.sweeping.store(false, Ordering::Release);
        }
    }

    /// Drops what has expired; if that is not a tenth, then some of the others as well, so that a
    /// full cache is not swept at every new token. Whoever is dropped is verified once more.
    fn sweep(&self, now: DateTime<Utc>) {
        let tokens = self.tokens.pin();
        tokens.retain(|_, known| !known.verified.is_over(now));
        let surplus = tokens.len().saturating_sub(self.most - self.most / 10);
        let dropped: Vec<u64> = tokens.keys().take(surplus).copied().collect();
        for key in &dropped {
            tokens.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::StatedRoles;
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn token(expires_at: DateTime<Utc>) -> Arc<Verified> {
        Arc::new(Verified {
            user: Uuid::nil(),
            session: Uuid::nil(),
            session_number: 1,
            roles: StatedRoles::new(Uuid::nil(), 0, vec![]),
            expires_at,
        })
    }

    #[test]
    fn a_full_cache_drops_what_has_expired_first() {
        let (cache, now) = (Cache::new(100), DateTime::UNIX_EPOCH);
        let (dead, alive) = (now - TimeDelta::hours(1), now + TimeDelta::hours(1));
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
        let (cache, now) = (Cache::new(100), DateTime::UNIX_EPOCH);
        for n in 0..1_000 {
            cache.insert(n.to_string().as_bytes(), token(now + TimeDelta::hours(1)), now);
            assert!(cache.tokens.len() <= 101);
        }
        assert!(cache.tokens.len() >= 90);
    }
}
