//! What auth-server answers to a login, for the document: the answers themselves are not read here.

use poem_openapi::Object;

/// An access token for requests, and a refresh token for the next pair.
#[derive(Object)]
#[oai(read_only_all)]
pub(super) struct TokenPair {
    /// Send it in the header `Authorization: Bearer …`.
    access_token: String,
    /// Together with the access token, valid for one `PUT /auth/login`.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token expires.
    expires_in: i64,
}

/// The password was correct, and a code of the second factor is required.
#[derive(Object)]
#[oai(read_only_all)]
pub(super) struct SecondFactorChallenge {
    /// Always `true`.
    mfa_required: bool,
    /// Send it with a code to `POST /auth/login/second-factor`. Valid for one session.
    challenge: String,
    /// Seconds until the challenge expires.
    expires_in: i64,
}

/// Tokens, or a challenge for the second factor.
pub(super) struct LoginResponse;

service::one_of!(LoginResponse: TokenPair, SecondFactorChallenge);
