//! Why a token is not taken, as clients see it.

use crate::http::problem::{Challenge, Problem, Spec};
use crate::token::InvalidToken;

/// The token that was sent is invalid.
const fn invalid(code: &'static str, title: &'static str) -> Spec {
    Spec::new(401, code, title).challenge(Challenge::InvalidToken)
}

const MISSING: Spec = Spec::new(401, "token_missing", "This needs an access token.");
const EXPIRED: Spec =
    invalid("token_expired", "The access token has expired, or its time has not come.");
const SIGNATURE: Spec =
    invalid("token_signature_invalid", "The token was not signed by this server.");
const MALFORMED: Spec =
    invalid("token_malformed", "The header Authorization holds no bearer token.");
const REVOKED: Spec = invalid("token_revoked", "The session of this token has ended.");
const WRONG_TYPE: Spec =
    invalid("token_wrong_type", "This is not an access token for this server.");
const UNKNOWN: Spec = Spec::new(
    503,
    "revocation_unknown",
    "Whether this token was revoked can't be known right now.",
);

/// What an operation can answer that asks whether a token was revoked.
pub(crate) const REVOCATION_UNKNOWN: &[Spec] = &[UNKNOWN];
/// What an operation that looks at the caller's token can answer before it runs.
pub(crate) const TOKEN: &[Spec] = &[EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];
/// What an operation can answer for whose sake a token that is over will do.
pub(crate) const SIGNED_CLAIMS: &[Spec] = &[MISSING, SIGNATURE, MALFORMED, WRONG_TYPE];
/// What an operation that needs a token can answer before it runs.
pub(crate) const SIGNED_IN: &[Spec] =
    &[MISSING, EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// There is none, but one is needed.
    Missing,
    /// Its time has passed, or has not come.
    Expired,
    /// No key of ours signed it.
    Signature,
    /// The header holds something else.
    Malformed,
    /// Its session ended.
    Revoked,
    /// A token, but not for getting in here.
    WrongType,
    /// Neither Redis nor the database tells us what was revoked.
    RevocationUnknown,
}

impl From<InvalidToken> for TokenError {
    fn from(refused: InvalidToken) -> Self {
        match refused {
            InvalidToken::Expired => Self::Expired,
            InvalidToken::Signature => Self::Signature,
            InvalidToken::Malformed => Self::Malformed,
            InvalidToken::WrongType => Self::WrongType,
        }
    }
}

impl From<TokenError> for Problem {
    fn from(problem: TokenError) -> Self {
        match problem {
            TokenError::Missing => Self::new(MISSING),
            TokenError::Expired => Self::new(EXPIRED),
            TokenError::Signature => Self::new(SIGNATURE),
            TokenError::Malformed => Self::new(MALFORMED),
            TokenError::Revoked => Self::new(REVOKED),
            TokenError::WrongType => Self::new(WRONG_TYPE),
            TokenError::RevocationUnknown => Self::new(UNKNOWN).retry_after(1),
        }
    }
}

impl From<TokenError> for poem::Error {
    fn from(problem: TokenError) -> Self {
        Problem::from(problem).into()
    }
}
