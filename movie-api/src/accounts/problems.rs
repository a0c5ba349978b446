//! Problems of auth-server that several account operations can answer with. They are only documented
//! here: the answers are auth-server's own, and a test compares the codes with auth-server's document.

use service::problem::{Challenge, Spec};

/// auth-server's database is unavailable, for operations that read.
pub(super) const DATABASE: &[Spec] = &[UNAVAILABLE];

/// The same for operations that write.
pub(super) const DATABASE_WRITE: &[Spec] = &[
    UNAVAILABLE,
    Spec::new(
        503,
        "outcome_unknown",
        "The connection to the database of accounts was lost during the commit; the change may or may not have been made.",
    ),
];

const UNAVAILABLE: Spec =
    Spec::new(503, "database_unavailable", "The database of accounts is unavailable.");

/// There were too many attempts.
pub(super) const TOO_MANY: Spec =
    Spec::new(429, "too_many_attempts", "Too many attempts; try again later.");

/// Attempts are limited.
pub(super) const THROTTLE: &[Spec] = &[TOO_MANY, BUSY];

const BUSY: Spec = Spec::new(503, "hashing_busy", "Too many passwords are being checked.");

/// A new password is not accepted.
pub(super) const NEW_PASSWORD: &[Spec] =
    &[Spec::new(422, "password_rejected", "The password is not good enough."), BUSY];

/// The client may not log in to this account.
pub(super) const AGENT_NOT_ALLOWED: Spec = Spec::new(
    403,
    "agent_not_allowed",
    "This account does not accept logins from this user agent; use a client that its owner allows.",
);

/// The password that was sent for reauthentication is wrong.
pub(super) const PASSWORD_INCORRECT: Spec =
    Spec::new(403, "current_password_wrong", "The current password is incorrect.");

/// Reauthentication failed.
pub(super) const REAUTHENTICATION: &[Spec] = &[
    PASSWORD_INCORRECT,
    Spec::new(403, "invalid_code", "The code is invalid, expired or already used."),
    Spec::new(403, "reauthentication_required", "This operation requires a recent login."),
];

/// The account was deleted.
pub(super) const USER_NOT_FOUND: Spec =
    Spec::new(404, "user_not_found", "This account no longer exists.");

/// The address belongs to another account.
pub(super) const EMAIL_TAKEN: Spec =
    Spec::new(409, "email_taken", "The e-mail address is already in use.");

const MISSING: Spec = Spec::new(401, "token_missing", "This operation requires an access token.");

const SIGNATURE: Spec =
    refused("token_signature_invalid", "The access token was not signed by auth-server.");

const MALFORMED: Spec = refused(
    "token_malformed",
    "The request does not contain exactly one well-formed access token.",
);

const WRONG_TYPE: Spec =
    refused("token_wrong_type", "This token is not an access token for this site.");

/// The problem about tokens that clients meet in normal operation: the example of the others.
pub(crate) const EXPIRED: Spec = refused(
    "token_expired",
    "The access token is expired or not valid yet.",
)
.detail(
    "Get the next one with the refresh token, and repeat the request; without one, log in again.",
);

const REVOKED: Spec = refused("token_revoked", "The session of this access token has ended.");

const UNKNOWN: Spec = Spec::new(
    503,
    "revocation_unknown",
    "It is currently unknown whether this token is revoked; try again in a moment.",
);

/// An access token is accepted and may be missing.
pub(super) const TOKEN: &[Spec] = &[EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];

/// An access token is required, valid or expired.
pub(super) const SIGNED_CLAIMS: &[Spec] = &[MISSING, SIGNATURE, MALFORMED, WRONG_TYPE];

/// A valid access token is required.
pub(super) const SIGNED_IN: &[Spec] =
    &[MISSING, EXPIRED, SIGNATURE, MALFORMED, REVOKED, WRONG_TYPE, UNKNOWN];

const fn refused(code: &'static str, title: &'static str) -> Spec {
    Spec::new(401, code, title).challenge(Challenge::InvalidToken)
}
