//! A caller whose token was checked.

use chrono::{DateTime, Utc};
use policies::RoleName;
use uuid::Uuid;

use crate::token::{Claims, LEEWAY};

/// What a valid access token says about its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user.
    pub user: Uuid,
    /// The session that the token belongs to.
    pub session: Uuid,
    /// The session's number among the user's.
    pub session_number: i64,
    /// The roles granted to the user at revision `rev`.
    pub roles: Vec<RoleName>,
    /// The policy's revision at which `roles` were read.
    pub rev: i64,
    /// When the token expires; it is taken for five seconds more.
    pub expires_at: DateTime<Utc>,
}

impl Verified {
    /// True once the token is not taken any more.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at + LEEWAY
    }
}

impl From<Claims> for Verified {
    fn from(claims: Claims) -> Self {
        Self {
            user: claims.sub,
            session: claims.sid,
            session_number: claims.sn,
            roles: claims.roles,
            rev: claims.rev,
            expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or_default(),
        }
    }
}
