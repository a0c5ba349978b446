//! How many failed attempts are free, and how long the lockout delays after them are.

use super::counter::CounterKind;
use crate::config::ThrottleConfig;

/// Failed attempts before the first lockout delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptLimits {
    /// At one account from one IP address, or of one logged-in user; e-mails to one address.
    pub account_and_address: u32,
    /// At one account from any IP address.
    pub account: u32,
    /// From one IP address at any account; e-mails requested from there.
    pub address: u32,
}

/// The limits of a throttle.
#[derive(Clone, Debug)]
pub(crate) struct ThrottleLimits {
    attempts: AttemptLimits,
    /// Lockout delays, ms, from the last free attempt on; the last one repeats.
    delays: Vec<i64>,
    /// Failures are forgotten after this long without another, ms.
    pub(crate) memory: i64,
}

impl ThrottleLimits {
    /// `delays` and `memory` in milliseconds.
    #[must_use]
    pub(crate) const fn new(attempts: AttemptLimits, delays: Vec<i64>, memory: i64) -> Self {
        Self { attempts, delays, memory }
    }

    /// The configured limits.
    #[must_use]
    pub(crate) fn from_config(config: &ThrottleConfig) -> Self {
        let attempts = AttemptLimits {
            account_and_address: config.pair_attempts(),
            account: config.login_attempts(),
            address: config.address_attempts(),
        };
        let delays = config.delays().iter().map(|seconds| i64::from(*seconds) * 1_000).collect();
        Self::new(attempts, delays, i64::from(config.memory_seconds()) * 1_000)
    }

    pub(crate) const fn attempts(&self, kind: CounterKind) -> u32 {
        match kind {
            CounterKind::AccountAndAddress | CounterKind::User(_) | CounterKind::Mailbox => {
                self.attempts.account_and_address
            }
            CounterKind::Account => self.attempts.account,
            CounterKind::Address | CounterKind::Mailer => self.attempts.address,
        }
    }

    /// The lockout delay after this many failures, ms; zero while attempts are free.
    pub(crate) fn delay_after(&self, failures: u32, attempts: u32) -> i64 {
        let Some(number) = failures.checked_sub(attempts) else { return 0 };
        let delay = usize::try_from(number).ok().and_then(|number| self.delays.get(number));
        delay.or(self.delays.last()).copied().unwrap_or(0)
    }

    /// The longest delay, ms.
    pub(crate) fn max_delay(&self) -> i64 {
        self.delays.iter().copied().max().unwrap_or(0)
    }

    /// All delays, separated by commas.
    pub(crate) fn delays(&self) -> String {
        self.delays.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_after_the_free_attempts_and_the_last_one_repeats() {
        let attempts = AttemptLimits { account_and_address: 3, account: 10, address: 50 };
        let limits = ThrottleLimits::new(attempts, vec![1_000, 3_000, 5_000], 60_000);
        let delays: Vec<i64> = (0..7).map(|failures| limits.delay_after(failures, 3)).collect();
        assert_eq!(delays, [0, 0, 0, 1_000, 3_000, 5_000, 5_000]);
    }
}
