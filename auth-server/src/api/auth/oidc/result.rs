//! What a confirmed identity leads to, in the response and in the login history.

use std::borrow::Cow;
use std::net::IpAddr;

use poem::IntoResponse;
use poem_openapi::registry::{MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;

use super::callback::{CallbackError, CallbackFailure};
use super::link::link;
use super::login::{OidcLogin, log_in};
use crate::api::AppState;
use crate::api::auth::failed;
use crate::api::auth::login_response::{LoginResponse, LoginResult, SecondFactorChallenge};
use crate::api::auth::token_pair::TokenPair;
use crate::http::{Reply, SeeOther};
use crate::login_history::{LoginAttempt, LoginOutcome, Method};
use crate::oidc::store::LinkedIdentity;
use crate::oidc::{ExternalIdentity, LinkRequest, Provider};
use crate::session::Device;

/// What a callback led to.
pub(super) enum CallbackResult {
    Login(OidcLogin),
    Linked(Vec<LinkedIdentity>),
    /// A front end on another site finishes it; the URL of its page, with the code.
    HandedOver(String),
}

impl CallbackResult {
    /// The response to a client that finishes the login itself.
    pub(super) fn response(self) -> Option<CallbackResponse> {
        match self {
            Self::Login(login) => Some(login.result.into()),
            Self::Linked(linked) => Some(linked.into()),
            Self::HandedOver(_) => None,
        }
    }
}

/// Logs in with the identity, or links it.
pub(super) async fn finish(
    state: &AppState,
    provider: &Provider,
    identity: &ExternalIdentity,
    request: Option<LinkRequest>,
    device: &Device,
    address: IpAddr,
) -> Result<CallbackResult, CallbackFailure> {
    match request {
        None => log_in(state, provider, identity, device, address).await.map(CallbackResult::Login),
        Some(request) => Ok(CallbackResult::Linked(link(state, identity, request).await?)),
    }
}

/// An attempt to log in through this provider.
pub(super) fn attempt(provider: &Provider, device: Device) -> LoginAttempt {
    LoginAttempt {
        provider: Some(provider.name().to_owned()),
        ..LoginAttempt::new(Method::Oidc, device)
    }
}

/// Records how an attempt ended.
pub(super) fn record(
    state: &AppState,
    mut attempt: LoginAttempt,
    result: Result<CallbackResult, CallbackFailure>,
) -> Result<CallbackResult, CallbackError> {
    let outcome = match &result {
        Ok(CallbackResult::Login(login)) => {
            attempt.user = Some(login.user);
            match &login.result {
                LoginResult::Session(session) => {
                    attempt.session = Some(session.id);
                    Some(LoginOutcome::Succeeded)
                }
                LoginResult::SecondFactorRequired(_) => Some(LoginOutcome::SecondFactorRequired),
            }
        }
        Ok(CallbackResult::Linked(_) | CallbackResult::HandedOver(_)) => None,
        Err(failure) => {
            // Known only once the provider has confirmed the identity.
            attempt.user = failure.user;
            Some(failed(&failure.error))
        }
    };
    if let Some(outcome) = outcome {
        state.record_login(attempt, outcome);
    }
    result.map_err(|failure| failure.error)
}

/// The response of a callback or exchange: JSON, or the page of a front end.
pub(crate) enum CallbackAnswer {
    Json(Box<Reply<CallbackResponse>>),
    Page(SeeOther),
}

impl From<CallbackResult> for CallbackAnswer {
    fn from(result: CallbackResult) -> Self {
        match result {
            CallbackResult::Login(login) => Self::Json(Box::new(Reply(login.result.into()))),
            CallbackResult::Linked(linked) => Self::Json(Box::new(Reply(linked.into()))),
            CallbackResult::HandedOver(page) => Self::Page(SeeOther(page)),
        }
    }
}

impl IntoResponse for CallbackAnswer {
    fn into_response(self) -> poem::Response {
        match self {
            Self::Json(reply) => reply.into_response(),
            Self::Page(page) => page.into_response(),
        }
    }
}

impl ApiResponse for CallbackAnswer {
    fn meta() -> MetaResponses {
        let mut responses = Reply::<CallbackResponse>::meta().responses;
        responses.extend(SeeOther::meta().responses);
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        Reply::<CallbackResponse>::register(registry);
        SeeOther::register(registry);
    }
}

/// The response of a login, or the identities of the account to which one was linked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CallbackResponse {
    Login(LoginResponse),
    Linked(LinkResponse),
}

/// An identity was linked.
#[derive(Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct LinkResponse {
    /// The account's identities, including the new one.
    linked: Vec<LinkedIdentity>,
}

impl From<LoginResult> for CallbackResponse {
    fn from(result: LoginResult) -> Self {
        Self::Login(result.into())
    }
}

impl From<Vec<LinkedIdentity>> for CallbackResponse {
    fn from(linked: Vec<LinkedIdentity>) -> Self {
        Self::Linked(LinkResponse { linked })
    }
}

impl Type for CallbackResponse {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "CallbackResponse".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            one_of: vec![
                TokenPair::schema_ref(),
                SecondFactorChallenge::schema_ref(),
                LinkResponse::schema_ref(),
            ],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        LoginResponse::register(registry);
        LinkResponse::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
