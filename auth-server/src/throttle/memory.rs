//! The counts of this process, for when Redis is away or there is none. The same rules as in the
//! scripts, which say more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counter::{Counted, Key};
use super::limits::Limits;
use super::{Admission, Fate};

/// Most counts that are kept. Each costs whoever makes it a password that has to be hashed.
const MOST: usize = 100_000;

#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<Key, State>>);

#[derive(Clone, Copy, Default)]
struct State {
    failures: u32,
    /// Time of the last failure.
    last: i64,
    /// End of the wait after it.
    locked: i64,
    /// End of the wait that a try under way has taken.
    taken: i64,
}

impl Memory {
    pub(crate) fn admit(&self, counted: &[Counted], now: i64, limits: &Limits) -> Admission {
        let mut states = self.lock();
        let waits = counted.iter().enumerate().map(|(number, one)| {
            let state = read(&states, &one.key, now, limits);
            (state.locked.max(state.taken) - now, number)
        });
        if let Some((wait, number)) = waits.filter(|(wait, _)| *wait > 0).max() {
            return Admission::Refused { wait, number };
        }
        for one in counted {
            let State { failures, .. } = read(&states, &one.key, now, limits);
            if let (true, Some(state)) = (failures >= one.tries, states.get_mut(&one.key)) {
                state.taken = now + limits.wait_after(failures + 1, one.tries);
            }
        }
        Admission::Admitted
    }

    pub(crate) fn settle(&self, counted: &[(Counted, Fate)], now: i64, limits: &Limits) {
        let mut states = self.lock();
        for (one, fate) in counted {
            match fate {
                Fate::Forgotten => {
                    states.remove(&one.key);
                }
                Fate::Released => {
                    states.entry(one.key).and_modify(|state| state.taken = 0);
                }
                Fate::Failed => {
                    let State { failures, locked, .. } = read(&states, &one.key, now, limits);
                    let failures = failures.saturating_add(1);
                    let locked = locked.max(now + limits.wait_after(failures, one.tries));
                    states.insert(one.key, State { failures, last: now, locked, taken: 0 });
                }
            }
        }
        if states.len() > MOST {
            forget(&mut states, now - limits.memory);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(states: &HashMap<Key, State>, key: &Key, now: i64, limits: &Limits) -> State {
    let known = states.get(key).filter(|state| state.last + limits.memory > now);
    let mut state = known.copied().unwrap_or_default();
    let latest = now + limits.longest();
    state.locked = state.locked.min(latest);
    state.taken = state.taken.min(latest);
    state
}

/// Drops what is over, or else the older half.
fn forget(states: &mut HashMap<Key, State>, over: i64) {
    states.retain(|_, state| state.last > over);
    if states.len() > MOST {
        let mut times: Vec<i64> = states.values().map(|state| state.last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        states.retain(|_, state| state.last > median);
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
