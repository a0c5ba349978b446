//! How many failed tries are free, and how long the waits after them are.

use super::counter::Kind;

/// Failed tries until the first wait.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// At one login from one address, or of one signed-in user; mails to one address.
    pub pair: u32,
    /// At one login, from wherever.
    pub login: u32,
    /// From one address, at any login; mails that are asked for from there.
    pub address: u32,
}

/// The limits of a throttle.
#[derive(Clone, Debug)]
pub struct Limits {
    tries: Tries,
    waits: Vec<i64>,
    /// Failures are forgotten after this long without another, ms.
    pub(crate) memory: i64,
}

impl Limits {
    /// The waits stand for the failures from the last free one on; the last wait stays. `waits` and
    /// `memory` in milliseconds.
    #[must_use]
    pub const fn new(tries: Tries, waits: Vec<i64>, memory: i64) -> Self {
        Self { tries, waits, memory }
    }

    pub(crate) const fn tries(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Pair | Kind::User(_) | Kind::Mailbox => self.tries.pair,
            Kind::Login => self.tries.login,
            Kind::Address | Kind::Mailer => self.tries.address,
        }
    }

    /// The wait after this many failures, ms.
    pub(crate) fn wait_after(&self, failures: u32, tries: u32) -> i64 {
        let Some(number) = failures.checked_sub(tries) else { return 0 };
        let wait = usize::try_from(number).ok().and_then(|number| self.waits.get(number));
        wait.or(self.waits.last()).copied().unwrap_or_default()
    }

    /// The longest wait, ms.
    pub(crate) fn longest(&self) -> i64 {
        self.waits.iter().copied().max().unwrap_or_default()
    }

    /// All waits with commas between them.
    pub(crate) fn waits(&self) -> String {
        self.waits.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_after_the_free_tries_and_the_last_one_stays() {
        let tries = Tries { pair: 3, login: 10, address: 50 };
        let limits = Limits::new(tries, vec![1_000, 3_000, 5_000], 60_000);
        let waits: Vec<i64> = (0..7).map(|failures| limits.wait_after(failures, 3)).collect();
        assert_eq!(waits, [0, 0, 0, 1_000, 3_000, 5_000, 5_000]);
    }
}
