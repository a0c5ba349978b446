//! What an access token says.

use policies::RoleName;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of an access token (RFC 9068): nothing else that we sign can be taken for one.
pub const TYPE: &str = "at+jwt";

/// The claims besides `iss` and `aud`, which are the same in all of our tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The session that the token belongs to.
    pub sid: Uuid,
    /// The session's number among the user's, for revocations "up to number N".
    pub sn: i64,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when it is good.
    pub nbf: i64,
    /// Until when it is good.
    pub exp: i64,
    /// Differs in every token.
    pub jti: Uuid,
    /// The roles granted to the user.
    pub roles: Vec<RoleName>,
    /// The policy's revision at which `roles` were read.
    pub rev: i64,
}
