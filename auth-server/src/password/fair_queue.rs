//! A bounded queue that serves networks in turn: a flood from one delays each of the others by one job.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// Jobs of each network, first in, first out.
pub(super) struct FairQueue<J> {
    capacity: usize,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: HashMap<IpNet, VecDeque<J>>,
    /// The networks that have jobs, in the order in which they are served.
    turns: VecDeque<IpNet>,
    count: usize,
    closed: bool,
}

/// The queue is full.
pub(super) struct Full;

impl<J> FairQueue<J> {
    pub(super) fn new(capacity: usize) -> Self {
        let (jobs, turns) = (HashMap::new(), VecDeque::new());
        let state = State { jobs, turns, count: 0, closed: false };
        Self { capacity, state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn push(&self, network: IpNet, job: J) -> Result<(), Full> {
        let mut state = self.state();
        if state.count >= self.capacity {
            return Err(Full);
        }
        state.count += 1;
        let own = state.jobs.entry(network).or_default();
        own.push_back(job);
        if own.len() == 1 {
            state.turns.push_back(network);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next job. `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<J> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.next() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn next(&mut self) -> Option<J> {
        let network = self.turns.pop_front()?;
        let own = self.jobs.get_mut(&network)?;
        let job = own.pop_front()?;
        self.count -= 1;
        if own.is_empty() {
            self.jobs.remove(&network);
        } else {
            self.turns.push_back(network);
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpNet {
        std::net::IpAddr::from([192, 0, 2, number]).into()
    }

    #[test]
    fn networks_are_served_in_turn() {
        let queue = FairQueue::new(8);
        for job in ["a1", "a2", "a3"] {
            assert!(queue.push(network(1), job).is_ok());
        }
        for (number, job) in [(2, "b1"), (3, "c1"), (2, "b2")] {
            assert!(queue.push(network(number), job).is_ok());
        }
        queue.close();
        let served: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(served, ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn a_full_queue_refuses_jobs_until_one_is_served() {
        let queue = FairQueue::new(2);
        assert!(queue.push(network(1), 1).is_ok() && queue.push(network(2), 2).is_ok());
        assert!(queue.push(network(3), 3).is_err());
        assert_eq!(queue.pop(), Some(1));
        assert!(queue.push(network(3), 3).is_ok());
    }
}
