//! What auth-server answers to a login, for the document: the answers themselves are not read here.

use std::borrow::Cow;

use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;

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

impl Type for LoginResponse {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "LoginResponse".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            one_of: vec![TokenPair::schema_ref(), SecondFactorChallenge::schema_ref()],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        TokenPair::register(registry);
        SecondFactorChallenge::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
