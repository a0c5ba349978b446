//! Shares of the attempts in progress: however many come from one network or are made at one account, others
//! find room.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use super::counter::CounterKey;

/// Bounds attempts in progress. A network, and an account, may have one more while it has fewer than are free:
/// alone it gets half of all, two get a third each, and there is always room for one that has none yet.
pub(crate) struct Shares {
    total: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    count: usize,
    by_network: HashMap<IpNet, usize>,
    by_account: HashMap<CounterKey, usize>,
}

/// Held during an attempt.
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    network: IpNet,
    account: CounterKey,
}

impl Shares {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, used: Mutex::default() }
    }

    /// `None` if the network or the account has its share already.
    pub(crate) fn acquire(&self, network: IpNet, account: CounterKey) -> Option<Share<'_>> {
        let mut used = self.used();
        let free = self.total.saturating_sub(used.count);
        let from_network = used.by_network.get(&network).copied().unwrap_or(0);
        let at_account = used.by_account.get(&account).copied().unwrap_or(0);
        if from_network.max(at_account) >= free {
            return None;
        }
        used.count += 1;
        used.by_network.insert(network, from_network + 1);
        used.by_account.insert(account, at_account + 1);
        Some(Share { shares: self, network, account })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut used = self.shares.used();
        used.count -= 1;
        release(&mut used.by_network, self.network);
        release(&mut used.by_account, self.account);
    }
}

fn release<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut own) = counts.entry(key) {
        match *own.get() {
            0 | 1 => drop(own.remove()),
            count => *own.get_mut() = count - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpNet {
        std::net::IpAddr::from([192, 0, 2, number]).into()
    }

    fn account(number: u8) -> CounterKey {
        [number; 16]
    }

    /// Attempts from one network, each at another account.
    fn fill(shares: &Shares, number: u8) -> Vec<Share<'_>> {
        let mut accounts = 0..=u8::MAX;
        let next = || shares.acquire(network(number), account(accounts.next()?));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_network_leaves_room_for_others() {
        let shares = Shares::new(129);
        let first = fill(&shares, 1);
        assert_eq!(first.len(), 65);
        let others: Vec<usize> = (2..8).map(|number| fill(&shares, number).len()).collect();
        assert!(others.iter().all(|count| *count > 0), "{others:?}");
    }

    #[test]
    fn an_account_leaves_room_for_others_from_however_many_networks_it_is_used() {
        let shares = Shares::new(129);
        let mut networks = 0..=u8::MAX;
        let next = || shares.acquire(network(networks.next()?), account(1));
        let first: Vec<_> = std::iter::from_fn(next).collect();
        assert_eq!(first.len(), 65);
        assert!(shares.acquire(network(255), account(2)).is_some());
    }

    #[test]
    fn what_was_returned_can_be_used_again() {
        let shares = Shares::new(8);
        for _ in 0..3 {
            assert_eq!(fill(&shares, 1).len(), 4);
        }
        let used = shares.used();
        assert!(used.by_network.is_empty() && used.by_account.is_empty() && used.count == 0);
    }

    #[test]
    fn one_attempt_is_always_possible() {
        assert_eq!(fill(&Shares::new(1), 1).len(), 1);
    }
}
