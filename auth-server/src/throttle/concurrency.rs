//! Limits the number of concurrent attempts, at one account and in total.
//!
//! Attempts at one account wait for their turn instead of asking the counters again and again.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::counter::CounterKey;
use super::shares::{Share, Shares};
use crate::http::network;

/// Accounts are distributed over this many slots. Attempts in one slot wait for each other, which has
/// no other effect.
const SLOTS: usize = 256;

pub(crate) struct ConcurrencyLimiter {
    slots: Vec<Semaphore>,
    /// Bounds all attempts that wait, and thereby the cost of a flood.
    shares: Shares,
}

/// Held during an attempt.
pub(crate) struct ConcurrencyPermit<'a> {
    _slot: Option<SemaphorePermit<'a>>,
    _share: Share<'a>,
}

impl ConcurrencyLimiter {
    pub(crate) fn new(per_account: usize, total: usize) -> Self {
        let per_account = per_account.clamp(1, Semaphore::MAX_PERMITS);
        let slots = (0..SLOTS).map(|_| Semaphore::new(per_account)).collect();
        Self { slots, shares: Shares::new(total) }
    }

    /// Waits for other attempts at the account with this key. `None` if too many at this account, or from
    /// the request's network, are in progress or wait.
    pub(crate) async fn acquire(&self, key: &CounterKey) -> Option<ConcurrencyPermit<'_>> {
        let share = self.shares.acquire(network::of_request(), *key)?;
        let [first, ..] = key;
        let slot = match self.slots.get(usize::from(*first)) {
            // Fails only for a closed semaphore, and these are never closed.
            Some(slot) => slot.acquire().await.ok(),
            None => None,
        };
        Some(ConcurrencyPermit { _slot: slot, _share: share })
    }
}
