//! What somebody gets whose password was right.

use std::borrow::Cow;
use std::fmt;

use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

use super::token_pair::TokenPair;
use crate::login_history::SUCCEEDED;
use crate::token::IssuedChallenge;

/// Either the tokens, or what has to be shown before.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum LoginAnswer {
    /// A session was opened.
    SignedIn(TokenPair),
    /// None was: a code is owed.
    SecondFactor(SecondFactorWanted),
}

impl LoginAnswer {
    /// For counting.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::SignedIn(_) => SUCCEEDED,
            Self::SecondFactor(_) => "mfa_required",
        }
    }
}

/// The password was right, and a code of the second factor is owed.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct SecondFactorWanted {
    /// Always `true`.
    mfa_required: bool,
    /// Goes to `POST /api/v1/auth/login/second-factor` together with a code. Good for one session.
    challenge: String,
    /// Seconds until the challenge expires.
    expires_in: i64,
}

impl SecondFactorWanted {
    pub(crate) fn new(challenge: IssuedChallenge) -> Self {
        Self { mfa_required: true, challenge: challenge.text, expires_in: challenge.expires_in }
    }
}

impl fmt::Debug for SecondFactorWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactorWanted")
    }
}

impl Type for LoginAnswer {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "LoginAnswer".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            one_of: vec![TokenPair::schema_ref(), SecondFactorWanted::schema_ref()],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        TokenPair::register(registry);
        SecondFactorWanted::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
