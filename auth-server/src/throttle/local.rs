//! Counters in this process, for when Redis is unavailable or not configured. The rules are those of
//! the Lua scripts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::counter::{Counter, CounterKey, LEASE};
use super::limits::ThrottleLimits;
use super::{Admission, CounterUpdate};

/// Maximum number of counters. Each one costs an attacker a failed attempt.
const MAX_COUNTERS: usize = 100_000;

#[derive(Default)]
pub(crate) struct LocalCounters(Mutex<HashMap<CounterKey, State>>);

#[derive(Default)]
struct State {
    failures: Failures,
    /// Attempts in progress, and when each is given up.
    pending: Vec<(Uuid, i64)>,
}

#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    /// Time of the last one.
    last: i64,
    /// End of the lockout delay after it.
    locked: i64,
}

impl State {
    fn failures(&self, now: i64, limits: &ThrottleLimits) -> Failures {
        let Failures { count, last, locked } = self.failures;
        if last + limits.memory <= now {
            return Failures::default();
        }
        Failures { count, last, locked: locked.min(now + limits.max_delay()) }
    }

    /// Whether the attempts in progress are as many as the failures leave: after the free attempts,
    /// one at a time.
    fn is_occupied(&self, now: i64, failures: u32, attempts: u32) -> bool {
        let pending = self.pending.iter().filter(|(_, until)| *until > now).count();
        let left = usize::try_from(attempts.saturating_sub(failures)).unwrap_or(usize::MAX);
        pending >= left.max(1)
    }
}

impl LocalCounters {
    pub(crate) fn admit(
        &self,
        counters: &[Counter],
        attempt: Uuid,
        now: i64,
        limits: &ThrottleLimits,
    ) -> Admission {
        let (mut states, unknown) = (self.lock(), State::default());
        let (mut rejected, mut occupied) = (None, None);
        for (index, counter) in counters.iter().enumerate() {
            let state = states.get(&counter.key).unwrap_or(&unknown);
            let Failures { count, last, locked } = state.failures(now, limits);
            rejected = rejected.max(Some((locked - now, index, last)));
            if state.is_occupied(now, count, counter.attempts) {
                occupied = occupied.or(Some(index));
            }
        }
        if let Some((delay, counter, since)) = rejected.filter(|(delay, ..)| *delay > 0) {
            return Admission::Rejected { delay, counter, since };
        }
        if let Some(counter) = occupied {
            return Admission::Occupied { counter };
        }
        reserve(&mut states, counters, attempt, now);
        Admission::Admitted
    }

    /// Notes an attempt in progress that Redis has admitted.
    pub(crate) fn reserve(&self, counters: &[Counter], attempt: Uuid, now: i64) {
        reserve(&mut self.lock(), counters, attempt, now);
    }

    /// Ends an attempt.
    pub(crate) fn update(
        &self,
        updates: &[(Counter, CounterUpdate)],
        attempt: Uuid,
        now: i64,
        limits: &ThrottleLimits,
    ) {
        let mut states = self.lock();
        for (counter, update) in updates {
            let state = states.entry(counter.key).or_default();
            state.pending.retain(|(other, _)| *other != attempt);
            match update {
                CounterUpdate::Released => {}
                CounterUpdate::Reset => state.failures = Failures::default(),
                CounterUpdate::Failed => {
                    let Failures { count, locked, .. } = state.failures(now, limits);
                    let count = count.saturating_add(1);
                    let locked = locked.max(now + limits.delay_after(count, counter.attempts));
                    state.failures = Failures { count, last: now, locked };
                }
            }
            if state.failures.count == 0 && state.pending.is_empty() {
                states.remove(&counter.key);
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

fn reserve(states: &mut HashMap<CounterKey, State>, counters: &[Counter], attempt: Uuid, now: i64) {
    for counter in counters {
        let state = states.entry(counter.key).or_default();
        state.pending.retain(|(_, until)| *until > now);
        state.pending.push((attempt, now + LEASE));
    }
}

/// Drops expired counters or, if there are none, the older half. Those of attempts in progress stay:
/// they are few.
fn forget(states: &mut HashMap<CounterKey, State>, expired: i64) {
    let mut keep = |after: i64| {
        states.retain(|_, state| state.failures.last > after || !state.pending.is_empty());
        states.len()
    };
    if keep(expired) > MAX_COUNTERS {
        let mut times: Vec<i64> = states.values().map(|state| state.failures.last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        states.retain(|_, state| state.failures.last > median || !state.pending.is_empty());
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

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    fn admit(counters: &LocalCounters, attempt: Uuid, now: i64) -> Admission {
        counters.admit(&[counter(1)], attempt, now, &limits())
    }

    fn end(counters: &LocalCounters, attempt: Uuid, now: i64, update: CounterUpdate) {
        counters.update(&[(counter(1), update)], attempt, now, &limits());
    }

    /// Fails once, as soon as that is admitted. Returns the lockout delay before.
    fn fail(counters: &LocalCounters, now: &mut i64) -> i64 {
        let waited = match admit(counters, ONE, *now) {
            Admission::Rejected { delay, .. } => {
                *now += delay;
                assert_eq!(admit(counters, ONE, *now), Admission::Admitted);
                delay
            }
            admission => {
                assert_eq!(admission, Admission::Admitted);
                0
            }
        };
        end(counters, ONE, *now, CounterUpdate::Failed);
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
    fn attempts_in_progress_count_until_they_have_ended() {
        let (counters, now) = (LocalCounters::default(), 1_000_000);
        assert_eq!(admit(&counters, ONE, now), Admission::Admitted);
        assert_eq!(admit(&counters, TWO, now), Admission::Admitted);
        let occupied = Admission::Occupied { counter: 0 };
        assert_eq!(admit(&counters, Uuid::nil(), now), occupied);
        end(&counters, ONE, now, CounterUpdate::Failed);
        assert_eq!(admit(&counters, Uuid::nil(), now), occupied);
        end(&counters, TWO, now, CounterUpdate::Released);
        assert_eq!(admit(&counters, Uuid::nil(), now), Admission::Admitted);
        assert_eq!(admit(&counters, ONE, now), occupied);
        // One that never ends is given up.
        assert_eq!(admit(&counters, ONE, now + LEASE), Admission::Admitted);
        end(&counters, ONE, now + LEASE, CounterUpdate::Reset);
        assert!(counters.lock().get(&counter(1).key).is_none_or(|s| s.failures.count == 0));
    }

    #[test]
    fn of_concurrent_attempts_after_a_delay_one_is_admitted() {
        let (counters, mut now) = (LocalCounters::default(), 1_000_000);
        fail(&counters, &mut now);
        fail(&counters, &mut now);
        now += 1_000;
        assert_eq!(admit(&counters, ONE, now), Admission::Admitted);
        assert_eq!(admit(&counters, TWO, now), Admission::Occupied { counter: 0 });
        end(&counters, ONE, now, CounterUpdate::Released);
        assert_eq!(admit(&counters, TWO, now), Admission::Admitted);
        end(&counters, TWO, now, CounterUpdate::Reset);
        assert_eq!((fail(&counters, &mut now), fail(&counters, &mut now)), (0, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_extend_a_lockout() {
        let (counters, mut now) = (LocalCounters::default(), 1_000_000_000);
        (0..4).for_each(|_| {
            fail(&counters, &mut now);
        });
        let rejected = admit(&counters, ONE, now - 1_000_000);
        assert_eq!(rejected, Admission::Rejected { delay: 5_000, counter: 0, since: now });
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
                ONE,
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
