//! Shares of the attempts in progress: however many come from one network, others find room.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// Bounds attempts in progress. A network may have one more while it has fewer than are free: alone it
/// gets half of all, two get a third each, and there is always room for one that has none yet.
pub(crate) struct NetworkShares {
    total: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    count: usize,
    by_network: HashMap<IpNet, usize>,
}

/// Held during an attempt.
pub(crate) struct Share<'a> {
    shares: &'a NetworkShares,
    network: IpNet,
}

impl NetworkShares {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, used: Mutex::default() }
    }

    /// `None` if the network has its share already.
    pub(crate) fn acquire(&self, network: IpNet) -> Option<Share<'_>> {
        let mut used = self.used();
        let own = used.by_network.get(&network).copied().unwrap_or(0);
        if own >= self.total.saturating_sub(used.count) {
            return None;
        }
        used.count += 1;
        used.by_network.insert(network, own + 1);
        Some(Share { shares: self, network })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut used = self.shares.used();
        used.count -= 1;
        match used.by_network.get_mut(&self.network) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(used.by_network.remove(&self.network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpNet {
        std::net::IpAddr::from([192, 0, 2, number]).into()
    }

    fn fill(shares: &NetworkShares, number: u8) -> Vec<Share<'_>> {
        std::iter::from_fn(|| shares.acquire(network(number))).collect()
    }

    #[test]
    fn a_network_leaves_room_for_others() {
        let shares = NetworkShares::new(129);
        let first = fill(&shares, 1);
        assert_eq!(first.len(), 65);
        let others: Vec<usize> = (2..8).map(|number| fill(&shares, number).len()).collect();
        assert!(others.iter().all(|count| *count > 0), "{others:?}");
    }

    #[test]
    fn what_was_returned_can_be_used_again() {
        let shares = NetworkShares::new(8);
        for _ in 0..3 {
            assert_eq!(fill(&shares, 1).len(), 4);
        }
        assert!(shares.used().by_network.is_empty() && shares.used().count == 0);
    }

    #[test]
    fn one_attempt_is_always_possible() {
        assert_eq!(fill(&NetworkShares::new(1), 1).len(), 1);
    }
}
