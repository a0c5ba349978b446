//! The authenticated caller.

use uuid::Uuid;

use crate::policy::TokenRoles;
use crate::token::{Claims, KeyRevocation, LEEWAY, Verified};

/// The claims of a valid access token. Fields are in this order because requests of many callers find
/// it outside the CPU cache: what every request reads shares one cache line.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Principal {
    /// When the token expires, Unix time in seconds, without leeway.
    pub expires_at: i64,
    /// The user.
    pub user: Uuid,
    /// The session of the token.
    pub session: Uuid,
    /// The session's number among the sessions of the user.
    pub session_number: i64,
    /// Whether the key of the token was revoked.
    pub key: KeyRevocation,
    /// The roles that the token carries.
    pub roles: TokenRoles,
}

impl Principal {
    /// True once the token has expired, including the leeway.
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at.saturating_add(LEEWAY.num_seconds())
    }
}

impl From<Verified<Claims>> for Principal {
    fn from(Verified { claims, key }: Verified<Claims>) -> Self {
        Self {
            user: claims.sub,
            session: claims.sid,
            session_number: claims.sn,
            key,
            roles: TokenRoles::new(claims.rev, claims.roles),
            expires_at: claims.exp,
        }
    }
}
