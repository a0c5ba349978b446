//! A caller whose token was checked.

use uuid::Uuid;

use crate::policy::TokenRoles;
use crate::token::{Claims, LEEWAY};

/// What a valid access token says about its bearer. In this order, as every request of ten thousand
/// callers finds it out of the processor's cache: what is always read takes one line of it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Principal {
    /// When the token expires, in seconds since 1970; it is taken for five seconds more.
    pub expires_at: i64,
    /// The user.
    pub user: Uuid,
    /// The session that the token belongs to.
    pub session: Uuid,
    /// The session's number among the user's.
    pub session_number: i64,
    /// The roles granted to the user.
    pub roles: TokenRoles,
}

impl Principal {
    /// True once the token is not taken any more.
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at.saturating_add(LEEWAY.num_seconds())
    }
}

impl From<Claims> for Principal {
    fn from(claims: Claims) -> Self {
        Self {
            user: claims.sub,
            session: claims.sid,
            session_number: claims.sn,
            roles: TokenRoles::new(claims.rev, claims.roles),
            expires_at: claims.exp,
        }
    }
}
