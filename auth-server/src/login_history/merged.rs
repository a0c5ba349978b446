//! Attempts that are one record, since otherwise anyone could add any number of records to a history.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{LoginAttempt, LoginOutcome};

/// Length of the period in which repeated attempts are one record.
const PERIOD: TimeDelta = TimeDelta::minutes(10);

/// A lockout of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lockout {
    /// Time of the failed attempt that it follows.
    pub began: DateTime<Utc>,
}

/// Which attempts are one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// Those that this lockout refused.
    ByLockout(Lockout),
    /// Those of the same period that ended alike. For what the holder of a credential can repeat at
    /// no cost.
    ByPeriod,
}

impl Merged {
    /// Time and id of the record of a user's attempt, which are the same on all servers.
    pub(super) fn record(
        self,
        user: Uuid,
        attempt: &LoginAttempt,
        outcome: LoginOutcome,
        now: DateTime<Utc>,
    ) -> (DateTime<Utc>, Uuid) {
        let (at, outcome) = match self {
            Self::ByLockout(lockout) => (lockout.began, None),
            Self::ByPeriod => (now.duration_trunc(PERIOD).unwrap_or(now), Some(outcome)),
        };
        let mut hash = Sha256::new();
        hash.update(user.as_bytes());
        hash.update(at.timestamp_micros().to_be_bytes());
        hash.update(attempt.method.as_str());
        if let Some(outcome) = outcome {
            hash.update(outcome.as_str());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        (at, uuid::Builder::from_custom_bytes(id).into_uuid())
    }
}
