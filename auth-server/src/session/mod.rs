//! Sessions: one login on one device, carried on by refresh tokens.

pub(crate) mod end;
pub(crate) mod lookup;
pub(crate) mod networks;
pub(crate) mod open;
pub(crate) mod refresh;
pub(crate) mod refresh_store;
pub(crate) mod refresh_token;
pub(crate) mod revocation;
pub(crate) mod revocation_store;
pub(crate) mod rotations;
pub(crate) mod store;
pub(crate) mod sweep;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use end::{Moment, end_all};
pub(crate) use networks::was_used_from;
pub(crate) use open::Device;
pub(crate) use refresh::Rotation;
pub(crate) use refresh_token::{PREFIX, RefreshKeys};
pub(crate) use revocation::{Revocation, Revoked};
pub(crate) use revocation_store::{Horizon, since};
pub(crate) use rotations::Rotations;
pub(crate) use store::{Living, living};
pub(crate) use sweep::sweep;

use crate::clock::Clock;

/// How long things live, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A session that is not refreshed for this long is over.
    pub idle: TimeDelta,
    /// A session is over after this long, whatever happens.
    pub absolute: TimeDelta,
    /// Sessions of one user; one more ends the one that was idle for longest.
    pub most: i64,
    /// An access token's life with the leeway for clocks and some time to spare: how long a
    /// revocation has to be remembered.
    pub revocation: TimeDelta,
}

impl Limits {
    /// What is revoked `now`, and until when that is remembered.
    #[must_use]
    pub fn moment(&self, now: DateTime<Utc>) -> Moment {
        (now, now + self.revocation)
    }
}

/// How long a replaced refresh token still gets its successor: an answer that was lost on its way
/// shall cost nobody a login.
pub(crate) const GRACE: TimeDelta = TimeDelta::seconds(10);

/// Opens, carries on and ends sessions.
pub(crate) struct Sessions {
    keys: RefreshKeys,
    rotations: Rotations,
    limits: Limits,
    clock: Clock,
}

impl Sessions {
    /// Sessions whose refresh tokens these keys authenticate.
    #[must_use]
    pub(crate) const fn new(
        keys: RefreshKeys,
        rotations: Rotations,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self { keys, rotations, limits, clock }
    }

    fn revocation(&self, user: uuid::Uuid, what: Revoked) -> Revocation {
        Revocation { user, what, expires_at: self.moment().1 }
    }

    /// When something is revoked that is revoked now.
    #[must_use]
    pub(crate) fn moment(&self) -> Moment {
        self.limits.moment(self.clock.now())
    }
}
