//! One try to show the second factor.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use super::store::Factor;
use super::{SecondFactors, recovery};
use crate::http::problem::{Problem, RateLimit};
use crate::throttle::TOO_MANY;

/// How long no code is looked at after the first wrong one in a row, the second, …, in seconds.
/// With three codes good at a time, five minutes a try leave a guesser one chance in a thousand a
/// day.
const WAITS: [i64; 10] = [0, 0, 1, 3, 5, 10, 30, 60, 120, 300];
const LONGEST: i64 = 300;
/// Wrong codes until the first wait.
const TRIES: u32 = 3;
/// Names these tries in header fields.
const POLICY: &str = "second-factor";

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It was a code, and no longer is.
    Right,
    /// It was none, or one that was used before.
    Wrong,
    /// It was not looked at; the next is in this many seconds.
    TooMany(u32),
    /// The user has no second factor.
    Off,
}

/// The problem of [`Checked::TooMany`].
#[must_use]
pub(crate) fn too_many(seconds: u32) -> Problem {
    Problem::new(TOO_MANY)
        .detail(format!("Try again in {seconds} s; other codes don't help before."))
        .retry_after(seconds)
        .rate_limit(RateLimit { policy: POLICY, quota: TRIES, window: LONGEST, reset: seconds })
}

impl SecondFactors {
    /// Takes a code of the app or a recovery code. The user's tries wait for each other, so of any
    /// number with one code one is right, and no number of them outruns the throttle. To be
    /// committed whatever comes of it: a wrong code counts.
    ///
    /// # Errors
    /// The database is away, or the secret can't be decrypted.
    pub(crate) async fn check(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        code: &str,
    ) -> Result<Checked, Problem> {
        let now = self.clock.now();
        let factor = store::lock(transaction, user).await?.filter(|factor| factor.confirmed);
        let Some(factor) = factor else { return Ok(Checked::Off) };
        if let Some(seconds) = wait(factor.locked_until, now) {
            return Ok(Checked::TooMany(seconds));
        }
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
            if let Some(step) = self.step_of(user, &factor.secret, &digits, now)? {
                // A code that was right once tells nothing to whoever tries it again: no failure.
                let taken = store::take_step(transaction, user, step).await?;
                return Ok(if taken { Checked::Right } else { Checked::Wrong });
            }
        } else if store::take_recovery_code(transaction, user, &recovery::hash(user, code)).await? {
            store::forget_failures(transaction, user).await?;
            return Ok(Checked::Right);
        }
        count_failure(transaction, user, &factor, now).await?;
        Ok(Checked::Wrong)
    }
}

impl SecondFactors {
    /// The step of the first code of a factor that was begun and that the transaction has locked. To
    /// be committed whatever comes of it: a wrong code counts, as whoever guesses the first one gets
    /// the recovery codes.
    ///
    /// # Errors
    /// [`TOO_MANY`], the database is away, or the secret can't be decrypted.
    pub(crate) async fn first_step(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        factor: &Factor,
        code: &str,
    ) -> Result<Option<i64>, Problem> {
        let now = self.clock.now();
        if let Some(seconds) = wait(factor.locked_until, now) {
            return Err(too_many(seconds));
        }
        let step = self.step_of(user, &factor.secret, code.trim(), now)?;
        if step.is_none() {
            count_failure(transaction, user, factor, now).await?;
        }
        Ok(step)
    }
}

async fn count_failure(
    transaction: &mut PgConnection,
    user: Uuid,
    factor: &Factor,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let failures = factor.failures.saturating_add(1);
    let place = usize::try_from(factor.failures).unwrap_or_default();
    let seconds = WAITS.get(place).copied().unwrap_or(LONGEST);
    let locked_until = now + TimeDelta::seconds(seconds);
    store::failed(transaction, user, failures, locked_until).await
}

/// Whole seconds until then, rounded up; `None` where that is past.
fn wait(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<u32> {
    let left = until?.signed_duration_since(now).num_milliseconds();
    (left > 0).then(|| u32::try_from(left.saturating_add(999) / 1_000).unwrap_or(u32::MAX))
}
