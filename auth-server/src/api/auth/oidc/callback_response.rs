//! What somebody gets who comes back from a provider.

use std::borrow::Cow;

use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

use crate::api::auth::login_response::{LoginAnswer, SecondFactorWanted};
use crate::api::auth::token_pair::TokenPair;
use crate::oidc::store::Identity;

/// What a login answers, or what was linked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CallbackAnswer {
    /// Somebody signed in.
    Login(LoginAnswer),
    /// Somebody who was signed in can sign in by this, too, from now on.
    Linked(Linked),
}

/// An identity was linked.
#[derive(Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Linked {
    /// The user's identities, with the new one.
    pub linked: Vec<Identity>,
}

impl Type for CallbackAnswer {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "CallbackAnswer".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            one_of: vec![
                TokenPair::schema_ref(),
                SecondFactorWanted::schema_ref(),
                Linked::schema_ref(),
            ],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        LoginAnswer::register(registry);
        Linked::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
