//! The response to valid credentials: tokens, or a challenge for the second factor.

use std::fmt;

use poem_openapi::Object;
use serde::Serialize;

use super::open_session::OpenedSession;
use super::token_pair::TokenPair;
use crate::token::IssuedChallenge;

/// What valid credentials led to.
pub(crate) enum LoginResult {
    Session(OpenedSession),
    SecondFactorRequired(IssuedChallenge),
}

/// Tokens, or a challenge for the second factor.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum LoginResponse {
    /// A session was opened.
    Tokens(TokenPair),
    /// No session yet: a code of the second factor is required.
    SecondFactor(SecondFactorChallenge),
}

impl From<LoginResult> for LoginResponse {
    fn from(result: LoginResult) -> Self {
        match result {
            LoginResult::Session(session) => Self::Tokens(session.tokens),
            LoginResult::SecondFactorRequired(challenge) => {
                Self::SecondFactor(SecondFactorChallenge {
                    mfa_required: true,
                    challenge: challenge.text,
                    expires_in: challenge.expires_in,
                })
            }
        }
    }
}

/// The credentials were valid, and a code of the second factor is required.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct SecondFactorChallenge {
    /// Always `true`.
    mfa_required: bool,
    /// Send it with a code to `POST /api/v1/auth/login/second-factor`. Valid for one session.
    challenge: String,
    /// Seconds until the challenge expires.
    expires_in: i64,
}

impl fmt::Debug for SecondFactorChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactorChallenge")
    }
}

service::one_of!(LoginResponse: TokenPair, SecondFactorChallenge);
