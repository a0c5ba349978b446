//! Why an access token is refused.

use crate::http::problem::{Challenge, Problem, Spec};
use crate::token::InvalidToken;

/// The token that was sent is invalid.
const fn invalid(code: &'static str, title: &'static str) -> Spec {
    Spec::new(401, code, title).challenge(Challenge::InvalidToken)
}

const MISSING: Spec = Spec::new(401, "token_missing", "This operation requires an access token.");
const EXPIRED: Spec = invalid("token_expired", "The access token is expired or not valid yet.").detail(
    "Get the next one with the refresh token, and repeat the request; without one, log in again.",
);
const SIGNATURE: Spec =
    invalid("token_signature_invalid", "The access token was not signed by this server.");
const MALFORMED: Spec = invalid(
    "token_malformed",
    "The request does not contain exactly one well-formed access token.",
);
const REVOKED: Spec = invalid("token_revoked", "The session of this access token has ended.");
const WRONG_TYPE: Spec =
    invalid("token_wrong_type", "This token is not an access token for this server.");
const UNEXPECTED_SUBJECT: Spec = Spec::new(
    400,
    "subject_token_unexpected",
    "X-Subject-Token is accepted only from service clients that authenticate by HTTP Basic, for decisions.",
);
const UNKNOWN: Spec = Spec::new(
    503,
    "revocation_unknown",
    "It is currently unknown whether this token is revoked; try again in a moment.",
);

/// Errors of an operation that looks up whether a token is revoked.
pub(crate) const REVOCATION_UNKNOWN: &[Spec] = &[UNKNOWN];
/// Errors of an operation that takes no user's token in any header.
pub(crate) const NO_SUBJECT: &[Spec] = &[UNEXPECTED_SUBJECT];
/// Errors of an operation that accepts an access token.
pub(crate) const TOKEN: &[Spec] =
    &[EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNEXPECTED_SUBJECT, UNKNOWN];
/// Errors of an operation that accepts expired and revoked access tokens, too.
pub(crate) const SIGNED_CLAIMS: &[Spec] =
    &[MISSING, SIGNATURE, MALFORMED, WRONG_TYPE, UNEXPECTED_SUBJECT];
/// Errors of an operation that requires an access token.
pub(crate) const SIGNED_IN: &[Spec] =
    &[MISSING, EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNEXPECTED_SUBJECT, UNKNOWN];

/// Why an access token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// A token is required, and there is none.
    Missing,
    /// It is expired or not valid yet.
    Expired,
    /// None of the server's keys signed it.
    Signature,
    /// The header contains something else.
    Malformed,
    /// Its session has ended.
    Revoked,
    /// It is a token of another type, or for another server.
    WrongType,
    /// The header for the token of a service client's user is in a request of another kind.
    UnexpectedSubject,
    /// Neither Redis nor the database confirms which tokens are revoked.
    RevocationUnknown,
}

impl From<InvalidToken> for TokenError {
    fn from(invalid: InvalidToken) -> Self {
        match invalid {
            InvalidToken::Expired => Self::Expired,
            InvalidToken::Signature => Self::Signature,
            InvalidToken::Malformed => Self::Malformed,
            InvalidToken::WrongType => Self::WrongType,
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::new(MISSING),
            TokenError::Expired => Self::new(EXPIRED),
            TokenError::Signature => Self::new(SIGNATURE),
            TokenError::Malformed => Self::new(MALFORMED),
            TokenError::Revoked => Self::new(REVOKED),
            TokenError::WrongType => Self::new(WRONG_TYPE),
            TokenError::UnexpectedSubject => Self::new(UNEXPECTED_SUBJECT),
            TokenError::RevocationUnknown => Self::new(UNKNOWN).retry_after(1),
        }
    }
}

impl From<TokenError> for poem::Error {
    fn from(error: TokenError) -> Self {
        Problem::from(error).into()
    }
}
