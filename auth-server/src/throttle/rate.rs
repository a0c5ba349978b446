//! Limits how often something may be done. What is allowed in a period may be done at once; it then
//! becomes available again evenly over time, so that nobody is refused for a whole period.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Admission;
use super::counter::CounterKey;

/// Maximum number of rates in memory.
const MAX_RATES: usize = 100_000;

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Name of the policy in the `RateLimit` header.
    pub name: &'static str,
    pub key: CounterKey,
    /// How often in a period.
    pub quota: u32,
    /// Length of the period, s.
    pub period: u32,
}

impl Rate {
    /// The period, µs.
    pub(super) fn period_micros(&self) -> i64 {
        i64::from(self.period) * 1_000_000
    }

    /// The time after which one more becomes available, µs.
    pub(super) fn interval_micros(&self) -> i64 {
        (self.period_micros() / i64::from(self.quota.max(1))).max(1)
    }
}

/// Rates in this process, for when Redis is unavailable or not configured: for each the time at which
/// all of its quota is available again, µs. The rules are those of `rate.lua`.
#[derive(Default)]
pub(crate) struct LocalRates(Mutex<HashMap<CounterKey, i64>>);

impl LocalRates {
    /// Admits one more of each, or of none. `now` in µs.
    pub(crate) fn admit(&self, rates: &[Rate], now: i64) -> Admission {
        let mut free_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next: Vec<i64> = rates
            .iter()
            .map(|rate| {
                let current = free_at.get(&rate.key).copied().unwrap_or(now);
                current.clamp(now, now + rate.period_micros()) + rate.interval_micros()
            })
            .collect();
        let delays = rates.iter().zip(&next).enumerate();
        let delays = delays.map(|(index, (rate, next))| (next - rate.period_micros() - now, index));
        if let Some((delay, counter)) = delays.filter(|(delay, _)| *delay > 0).max() {
            return Admission::Rejected {
                delay: milliseconds(delay),
                counter,
                since: milliseconds(now),
            };
        }
        free_at.extend(rates.iter().map(|rate| rate.key).zip(next));
        if free_at.len() > MAX_RATES {
            free_at.retain(|_, free_at| *free_at > now);
        }
        Admission::Admitted
    }
}

/// µs in ms, rounded up.
pub(super) fn milliseconds(micros: i64) -> i64 {
    micros.saturating_add(999) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(name: u8, quota: u32) -> Rate {
        Rate { name: "test", key: [name; 16], quota, period: 60 }
    }

    fn delay(admission: Admission) -> Option<(i64, usize)> {
        match admission {
            Admission::Rejected { delay, counter, .. } => Some((delay, counter)),
            _ => None,
        }
    }

    #[test]
    fn a_quota_may_be_used_at_once_and_becomes_available_again_evenly() {
        let (rates, mut now) = (LocalRates::default(), 1_000_000_000);
        for _ in 0..3 {
            assert_eq!(rates.admit(&[rate(1, 3)], now), Admission::Admitted);
        }
        let rejected = Some((20_000, 0));
        assert_eq!(delay(rates.admit(&[rate(1, 3)], now)), rejected);
        now += 20_000_000;
        assert_eq!(rates.admit(&[rate(1, 3)], now), Admission::Admitted);
        assert_eq!(delay(rates.admit(&[rate(1, 3)], now)), rejected);
        // A clock that is set back does not extend the delay.
        assert_eq!(delay(rates.admit(&[rate(1, 3)], 0)), rejected);
    }

    #[test]
    fn what_one_rate_rejects_does_not_count_for_another() {
        let (rates, now) = (LocalRates::default(), 1_000_000_000);
        let both = [rate(1, 1), rate(2, 2)];
        assert_eq!(rates.admit(&both, now), Admission::Admitted);
        for _ in 0..5 {
            assert_eq!(delay(rates.admit(&both, now)), Some((60_000, 0)));
        }
        assert_eq!(rates.admit(&[rate(2, 2)], now), Admission::Admitted);
        assert_eq!(delay(rates.admit(&[rate(2, 2)], now)), Some((30_000, 0)));
    }
}
