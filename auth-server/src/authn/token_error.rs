//! Why a token is not taken, as clients see it.

use crate::http::problem::{Problem, Spec};
use crate::token::Refused;

const fn unauthorized(code: &'static str, title: &'static str) -> Spec {
    Spec { status: 401, code, title }
}

const MISSING: Spec = unauthorized("token_missing", "This needs an access token.");
const EXPIRED: Spec =
    unauthorized("token_expired", "The access token has expired, or its time has not come.");
const SIGNATURE: Spec =
    unauthorized("token_signature_invalid", "The token was not signed by this server.");
const MALFORMED: Spec =
    unauthorized("token_malformed", "The header Authorization holds no bearer token.");
const REVOKED: Spec = unauthorized("token_revoked", "The session of this token has ended.");
const WRONG_TYPE: Spec =
    unauthorized("token_wrong_type", "This is not an access token for this server.");
const UNKNOWN: Spec = Spec {
    status: 503,
    code: "revocation_unknown",
    title: "Whether this token was revoked can't be known right now.",
};

/// What an operation can answer that asks whether a token was revoked.
pub(crate) const UNCERTAIN: &[Spec] = &[UNKNOWN];
/// What an operation that looks at the caller's token can answer before it runs.
pub(crate) const TOKEN: &[Spec] = &[EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];
/// What an operation can answer for whose sake a token that is over will do.
pub(crate) const GENUINE: &[Spec] = &[MISSING, SIGNATURE, MALFORMED, WRONG_TYPE];
/// What an operation that needs a token can answer before it runs.
pub(crate) const SIGNED_IN: &[Spec] =
    &[MISSING, EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
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

impl From<Refused> for TokenProblem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Expired => Self::Expired,
            Refused::Signature => Self::Signature,
            Refused::Malformed => Self::Malformed,
            Refused::WrongType => Self::WrongType,
        }
    }
}

impl From<TokenProblem> for Problem {
    fn from(problem: TokenProblem) -> Self {
        match problem {
            TokenProblem::Missing => Self::new(MISSING),
            TokenProblem::Expired => Self::new(EXPIRED),
            TokenProblem::Signature => Self::new(SIGNATURE),
            TokenProblem::Malformed => Self::new(MALFORMED),
            TokenProblem::Revoked => Self::new(REVOKED),
            TokenProblem::WrongType => Self::new(WRONG_TYPE),
            TokenProblem::RevocationUnknown => Self::new(UNKNOWN).retry_after(1),
        }
    }
}

impl From<TokenProblem> for poem::Error {
    fn from(problem: TokenProblem) -> Self {
        Problem::from(problem).into()
    }
}
