//! Sessions: one login on one device, continued by a chain of refresh tokens.

pub(crate) mod end;
pub(crate) mod lookup;
pub(crate) mod open;
pub(crate) mod refresh;
pub(crate) mod refresh_batch;
pub(crate) mod refresh_token;
pub(crate) mod revocation;
pub(crate) mod sweep;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub(crate) use end::end_all;
pub(crate) use lookup::{ActiveSession, list_active, lock_active, was_used_from};
pub(crate) use open::Device;
pub(crate) use refresh::{Companion, Presented, Refreshed, Rotation};
pub(crate) use refresh_batch::RefreshBatches;
pub(crate) use refresh_token::{PREFIX, RefreshKeys};
pub(crate) use revocation::{Horizon, Revocation, RevocationPeriod, Revoked, since};

use crate::clock::Clock;
use crate::config::{SessionConfig, TokenConfig};
use crate::token::LEEWAY;

/// How long sessions last, and how many a user may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLimits {
    /// A session expires when it is not refreshed for this long.
    pub idle: TimeDelta,
    /// A session expires this long after the login, even if it is refreshed.
    pub absolute: TimeDelta,
    /// Active sessions per user; opening one more ends the least recently used.
    pub max_sessions: i64,
    /// How long a revocation is remembered: until every access token from before it has expired.
    pub revocation: TimeDelta,
}

/// Added to the time that a revocation is remembered, for requests in flight.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

impl SessionLimits {
    /// The limits that these settings ask for.
    #[must_use]
    pub(crate) fn new(sessions: &SessionConfig, tokens: &TokenConfig) -> Self {
        Self {
            idle: sessions.idle(),
            absolute: sessions.absolute(),
            max_sessions: sessions.max(),
            revocation: tokens.life() + LEEWAY + MARGIN,
        }
    }

    /// The period of a revocation that takes effect `now`.
    #[must_use]
    pub(crate) fn revocation_period(&self, now: DateTime<Utc>) -> RevocationPeriod {
        RevocationPeriod { from: now, until: now + self.revocation }
    }
}

/// How long a replaced refresh token still returns its successor, so that a lost response does not
/// cost the user a login.
pub(crate) const GRACE: TimeDelta = TimeDelta::seconds(10);

/// Opens, refreshes and ends sessions.
pub(crate) struct Sessions {
    keys: RefreshKeys,
    refresh_batches: RefreshBatches,
    limits: SessionLimits,
    clock: Clock,
}

impl Sessions {
    /// Sessions whose refresh tokens are authenticated by `keys`.
    #[must_use]
    pub(crate) const fn new(
        keys: RefreshKeys,
        refresh_batches: RefreshBatches,
        limits: SessionLimits,
        clock: Clock,
    ) -> Self {
        Self { keys, refresh_batches, limits, clock }
    }

    /// How long a session lasts at most.
    #[must_use]
    pub(crate) const fn lifetime(&self) -> TimeDelta {
        self.limits.absolute
    }

    /// The period of a revocation that takes effect now.
    #[must_use]
    pub(crate) fn revocation_period(&self) -> RevocationPeriod {
        self.limits.revocation_period(self.clock.now())
    }

    /// The revocation of one session's access tokens.
    fn revocation_of(&self, user: Uuid, session: Uuid) -> Revocation {
        let expires_at = self.revocation_period().until;
        Revocation { user, what: Revoked::Session(session), expires_at }
    }
}
