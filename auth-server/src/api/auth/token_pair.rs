//! The tokens of a session.

use std::fmt;

use poem_openapi::Object;
use serde::Serialize;

use crate::token::AccessToken;

/// An access token for requests, and a refresh token for the next pair.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct TokenPair {
    /// Send it in the header `Authorization: Bearer …`.
    access_token: String,
    /// Valid for one `POST /api/v1/auth/refresh`. Store it where no script can read it.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl TokenPair {
    pub(crate) fn new(access: AccessToken, refresh_token: String) -> Self {
        Self {
            access_token: access.text,
            refresh_token,
            token_type: "Bearer",
            expires_in: access.expires_in,
        }
    }
}
