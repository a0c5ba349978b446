//! Counters in this process, for when Redis is unavailable or not configured. The rules are those of
//! the Lua scripts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counter::{Counter, CounterKey};
use super::limits::ThrottleLimits;
use super::{Admission, CounterUpdate};

/// Maximum number of counters. Each one costs an attacker a failed attempt.
const MAX_COUNTERS: usize = 100_000;

#[derive(Default)]
pub(crate) struct LocalCounters(Mutex<HashMap<CounterKey, State>>);

#[derive(Clone, Copy, Default)]
struct State {
    failures: u32,
    /// Time of the last failure.
    last: i64,
    /// End of the lockout delay after it.
    locked: i64,
    /// End of the lockout delay that an attempt in progress has reserved.
    reserved: i64,
}

impl LocalCounters {
    pub(crate) fn admit(
        &self,
        counters: &[Counter],
        now: i64,
        limits: &ThrottleLimits,
    ) -> Admission {
        let mut states = self.lock();
        let delays = counters.iter().enumerate().map(|(index, counter)| {
            let state = read(&states, &counter.key, now, limits);
            (state.locked.max(state.reserved) - now, index)
        });
        if let Some((delay, counter)) = delays.filter(|(delay, _)| *delay > 0).max() {
            return Admission::Rejected { delay, counter };
        }
        for counter in counters {
            let State { failures, .. } = read(&states, &counter.key, now, limits);
            if let (true, Some(state)) =
                (failures >= counter.attempts, states.get_mut(&counter.key))
            {
                state.reserved = now + limits.delay_after(failures + 1, counter.attempts);
            }
        }
        Admission::Admitted
    }

    pub(crate) fn update(
        &self,
        updates: &[(Counter, CounterUpdate)],
        now: i64,
        limits: &ThrottleLimits,
    ) {
        let mut states = self.lock();
        for (counter, update) in updates {
            match update {
                CounterUpdate::Reset => {
                    states.remove(&counter.key);
                }
                CounterUpdate::Released => {
                    states.entry(counter.key).and_modify(|state| state.reserved = 0);
                }
                CounterUpdate::Failed => {
                    let State { failures, locked, .. } = read(&states, &counter.key, now, limits);
                    let failures = failures.saturating_add(1);
                    let locked = locked.max(now + limits.delay_after(failures, counter.attempts));
                    states.insert(counter.key, State { failures, last: now, locked, reserved: 0 });
                }
            }
        }
        if states.len() > MAX_COUNTERS {
            forget(&mut states, now - limits.memory);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CounterKey, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(
    states: &HashMap<CounterKey, State>,
    key: &CounterKey,
    now: i64,
    limits: &ThrottleLimits,
) -> State {
    let known = states.get(key).filter(|state| state.last + limits.memory > now);
    let mut state = known.copied().unwrap_or_default();
    let latest = now + limits.max_delay();
    state.locked = state.locked.min(latest);
    state.reserved = state.reserved.min(latest);
    state
}

/// Drops expired counters or, if there are none, the older half.
fn forget(states: &mut HashMap<CounterKey, State>, expired: i64) {
    states.retain(|_, state| state.last > expired);
    if states.len() > MAX_COUNTERS {
        let mut times: Vec<i64> = states.values().map(|state| state.last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        states.retain(|_, state| state.last > median);
    }
}

#[cfg(test)]
mod tests {
    use super::super::counter::CounterKind;
    use super::super::limits::AttemptLimits;
    use super::*;

    fn limits() -> ThrottleLimits {
        let attempts = AttemptLimits { account_and_address: 2, account: 2, address: 2 };
        ThrottleLimits::new(attempts, vec![1_000, 3_000, 5_000], 60_000)
    }

    fn counter(name: u8) -> Counter {
        Counter { kind: CounterKind::AccountAndAddress, key: [name; 16], attempts: 2 }
    }

    /// Fails once, as soon as that is admitted. Returns the lockout delay before.
    fn fail(counters: &LocalCounters, now: &mut i64) -> i64 {
        let waited = match counters.admit(&[counter(1)], *now, &limits()) {
            Admission::Admitted => 0,
            Admission::Rejected { delay, .. } => delay,
        };
        *now += waited;
        assert_eq!(counters.admit(&[counter(1)], *now, &limits()), Admission::Admitted);
        counters.update(&[(counter(1), CounterUpdate::Failed)], *now, &limits());
        waited
    }

    #[test]
    fn delays_grow_to_the_last_one_until_failures_are_forgotten() {
        let (counters, mut now) = (LocalCounters::default(), 1_000_000);
        let delays: Vec<i64> = (0..6).map(|_| fail(&counters, &mut now)).collect();
        assert_eq!(delays, [0, 0, 1_000, 3_000, 5_000, 5_000]);
        now += 60_000;
        assert_eq!((fail(&counters, &mut now), fail(&counters, &mut now)), (0, 0));
    }

    #[test]
    fn of_concurrent_attempts_after_a_delay_one_is_admitted() {
        let (counters, mut now) = (LocalCounters::default(), 1_000_000);
        fail(&counters, &mut now);
        fail(&counters, &mut now);
        now += 1_000;
        assert_eq!(counters.admit(&[counter(1)], now, &limits()), Admission::Admitted);
        let rejected = Admission::Rejected { delay: 3_000, counter: 0 };
        assert_eq!(counters.admit(&[counter(1)], now, &limits()), rejected);
        counters.update(&[(counter(1), CounterUpdate::Released)], now, &limits());
        assert_eq!(counters.admit(&[counter(1)], now, &limits()), Admission::Admitted);
        counters.update(&[(counter(1), CounterUpdate::Reset)], now, &limits());
        assert_eq!((fail(&counters, &mut now), fail(&counters, &mut now)), (0, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_extend_a_lockout() {
        let (counters, mut now) = (LocalCounters::default(), 1_000_000_000);
        (0..4).for_each(|_| {
            fail(&counters, &mut now);
        });
        let earlier = now - 1_000_000;
        let rejected = counters.admit(&[counter(1)], earlier, &limits());
        assert_eq!(rejected, Admission::Rejected { delay: 5_000, counter: 0 });
    }

    #[test]
    fn a_flood_of_keys_does_not_exhaust_memory() {
        let counters = LocalCounters::default();
        for name in 0..250_000_u32 {
            let mut key = CounterKey::default();
            key[..4].copy_from_slice(&name.to_le_bytes());
            let one = Counter { key, ..counter(0) };
            counters.update(
                &[(one, CounterUpdate::Failed)],
                1_000_000 + i64::from(name / 10_000),
                &limits(),
            );
        }
        assert!(counters.lock().len() <= MAX_COUNTERS);
        let mut last = CounterKey::default();
        last[..4].copy_from_slice(&249_999_u32.to_le_bytes());
        assert!(counters.lock().contains_key(&last));
    }
}
