//! Verifying a code, throttled per account.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::store;
use super::store::Factor;
use super::typed_code::TypedCode;
use super::{SecondFactors, recovery_codes};
use crate::audit::AccountChange;
use crate::db::PgConnection;
use crate::email::notice::Notice;
use crate::http::problem::{Problem, RateLimit};
use crate::login_history::Lockout;
use crate::throttle::TOO_MANY;

/// Lockout delays after the first invalid code in a row, the second, …, in seconds. With three valid
/// codes at a time, one attempt per five minutes leaves a chance of one in a thousand per day.
const DELAYS: [i64; 10] = [0, 0, 1, 3, 5, 10, 30, 60, 120, 300];
const MAX_DELAY: i64 = 300;
/// Invalid codes before the first delay.
const FREE_ATTEMPTS: u32 = 3;
/// Name of the policy in the `RateLimit` header.
const POLICY: &str = "second-factor";

/// Result of verifying a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeCheck {
    /// The code was valid, and is consumed.
    Valid,
    /// The code is invalid.
    Invalid,
    /// The code was valid and is already used. That reveals nothing to an attacker: it is not a failure.
    Used,
    /// The code was not verified; the next attempt is admitted in this many seconds.
    Throttled { seconds: u32, lockout: Lockout },
    /// The user has no second factor.
    NotEnabled,
}

/// The problem of [`CodeCheck::Throttled`].
#[must_use]
pub(crate) fn throttled(seconds: u32) -> Problem {
    Problem::new(TOO_MANY)
        .detail(format!("Try again in {seconds} s; until then no code is verified."))
        .retry_after(seconds)
        .rate_limit(RateLimit {
            policy: POLICY,
            quota: FREE_ATTEMPTS,
            window: MAX_DELAY,
            reset: seconds,
        })
}

impl SecondFactors {
    /// Verifies and consumes a code of the app, or a recovery code. Attempts of one user wait for
    /// each other: of concurrent ones with one code one succeeds, and none bypasses the throttle. To
    /// be committed whatever the result: an invalid code counts.
    ///
    /// # Errors
    /// The database is unavailable, or the secret cannot be decrypted.
    pub(crate) async fn verify_code(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        code: &str,
    ) -> Result<CodeCheck, Problem> {
        let factor = store::lock(transaction, user).await?.filter(|factor| factor.confirmed);
        let Some(factor) = factor else { return Ok(CodeCheck::NotEnabled) };
        // Only now: the attempts that this one waited for may have changed the lockout delay.
        let now = self.clock.now();
        if let Some((seconds, until)) = remaining_delay(factor.locked_until, now) {
            let lockout = Lockout { began: until - delay_after(factor.failures) };
            return Ok(CodeCheck::Throttled { seconds, lockout });
        }
        let code = TypedCode::read(code);
        if let Some(digits) = code.totp() {
            if let Some(step) = self.matching_step(user, &factor.secret, digits, now)? {
                let consumed = store::consume_step(transaction, user, step).await?;
                return Ok(if consumed { CodeCheck::Valid } else { CodeCheck::Used });
            }
        } else {
            let hash = recovery_codes::hash(user, code.as_str());
            if store::consume_recovery_code(transaction, user, &hash).await? {
                store::reset_failures(transaction, user).await?;
                let (operation, notice) = ("use_recovery_code", Notice::RecoveryCodeUsed);
                AccountChange { user, operation, notice }.record(transaction, now).await?;
                return Ok(CodeCheck::Valid);
            }
        }
        count_failure(transaction, user, &factor, now).await?;
        Ok(CodeCheck::Invalid)
    }

    /// The time step of the first code of a factor that is being enrolled and that the transaction
    /// has locked; none if the code is invalid. To be committed whatever the result: an invalid code
    /// counts, since guessing the first one would yield the recovery codes.
    ///
    /// # Errors
    /// [`TOO_MANY`], the database is unavailable, or the secret cannot be decrypted.
    pub(crate) async fn verify_first_code(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        factor: &Factor,
        code: &str,
    ) -> Result<Option<i64>, Problem> {
        let now = self.clock.now();
        if let Some((seconds, _)) = remaining_delay(factor.locked_until, now) {
            return Err(throttled(seconds));
        }
        let step = match TypedCode::read(code).totp() {
            Some(digits) => self.matching_step(user, &factor.secret, digits, now)?,
            None => None,
        };
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
    let locked_until = now + delay_after(failures);
    store::record_failure(transaction, user, failures, locked_until).await
}

/// The lockout delay after this many invalid codes in a row.
fn delay_after(failures: i32) -> TimeDelta {
    let index = usize::try_from(failures.saturating_sub(1)).ok();
    let delay = index.and_then(|index| DELAYS.get(index)).copied().unwrap_or(MAX_DELAY);
    TimeDelta::seconds(delay)
}

/// Seconds until then, rounded up, and then; none if that is past.
fn remaining_delay(
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(u32, DateTime<Utc>)> {
    let until = until?;
    let left = until.signed_duration_since(now).num_milliseconds();
    let seconds = u32::try_from(left.saturating_add(999) / 1_000).unwrap_or(u32::MAX);
    (left > 0).then_some((seconds, until))
}
