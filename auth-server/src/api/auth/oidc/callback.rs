//! `GET /api/v1/auth/oidc/{provider}/callback`

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use poem::http::HeaderMap;
use poem::http::header::COOKIE;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::link::link;
use super::login::{OidcLogin, log_in};
use crate::api::AppState;
use crate::api::auth::failed;
use crate::api::auth::login_response::{LoginResponse, LoginResult, SecondFactorChallenge};
use crate::api::auth::open_session::SessionError;
use crate::api::auth::token_pair::TokenPair;
use crate::api::device::FromDevice;
use crate::db::DATABASE;
use crate::http::request_errors::PARAMETERS;
use crate::http::{ClientAddress, Reply};
use crate::login_history::{LoginAttempt, LoginOutcome, Method};
use crate::oidc::store::LinkedIdentity;
use crate::oidc::{ExternalIdentity, Flow, IdentityError, Provider, UNAVAILABLE, consume_flow};
use crate::problems;
use crate::session::Device;
use crate::throttle::{AttemptOutcome, TOO_MANY};

problems! {
    /// Why an OIDC login or link failed.
    pub(crate) enum CallbackError includes [PARAMETERS, &[TOO_MANY, UNAVAILABLE], DATABASE] {
        UnknownProvider = 404 "provider_not_found" "Unknown identity provider.",
        StateInvalid = 400 "state_invalid" "This login was not started in this browser, has expired or is already complete; start again.",
        AnswerInvalid = 401 "provider_answer_invalid" "The answer of the identity provider is not valid for this login; start again.",
        AccessDenied = 403 "provider_refused" "The identity provider did not confirm your identity.",
        AccountDisabled = 401 "credentials_invalid" "You cannot log in to this account.",
        AccountExists = 409 "account_exists" "An account with this e-mail address already exists.",
        IdentityTaken = 409 "identity_taken" "This identity is linked to another account.",
        UserAgentNotAllowed = 403 "agent_not_allowed" "This account does not accept logins from this user agent; use a client that its owner allows.",
    }
}

impl From<IdentityError> for CallbackError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::AnswerInvalid => Self::AnswerInvalid,
            IdentityError::Problem(problem) => problem.into(),
        }
    }
}

impl From<SessionError> for CallbackError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::UserAgentNotAllowed => Self::UserAgentNotAllowed,
            SessionError::Problem(problem) => problem.into(),
        }
    }
}

/// The parameters with which the provider redirects the browser.
struct CallbackParameters {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What a callback led to.
enum CallbackResult {
    Login(OidcLogin),
    Linked(Vec<LinkedIdentity>),
}

/// An error, and the account it is about, if that is known.
pub(super) struct CallbackFailure {
    pub user: Option<Uuid>,
    pub error: CallbackError,
}

impl<E: Into<CallbackError>> From<E> for CallbackFailure {
    fn from(error: E) -> Self {
        Self { user: None, error: error.into() }
    }
}

pub(crate) struct Callback(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Callback {
    /// Complete an OIDC login or link.
    ///
    /// The identity provider redirects the browser here. It must be the browser that started the
    /// flow, and each flow can be completed once. The first login with an external identity creates
    /// an account without a password, unless the e-mail address belongs to an account: the identity
    /// is linked to that account if both sides have verified the address and the account has no
    /// second factor. Users with a second factor receive a challenge instead of tokens. A flow
    /// started with `POST /api/v1/me/identities` links the identity.
    #[oai(
        path = "/oidc/:provider/callback",
        method = "get",
        operation_id = "oidc_callback",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "Deletes the cookie of the flow."
        )
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn callback(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        cookies: FlowCookies,
        provider: Path<String>,
        /// Authorization code, to be exchanged for an ID token.
        code: Query<Option<String>>,
        /// The `state` of the authorization request.
        state: Query<Option<String>>,
        /// Issuer identifier of the provider (RFC 9207).
        iss: Query<Option<String>>,
        /// Error code of the provider, instead of `code`.
        error: Query<Option<String>>,
    ) -> Result<Response<Reply<CallbackResponse>>, CallbackError> {
        let provider = self.0.oidc.provider(&provider.0).ok_or(CallbackError::UnknownProvider)?;
        let provider = Arc::clone(provider);
        let expired_cookie = provider.expired_cookie();
        let parameters =
            CallbackParameters { code: code.0, state: state.0, iss: iss.0, error: error.0 };
        let this = Self(Arc::clone(&self.0));
        let attempt =
            async move { this.attempt(&provider, &cookies, parameters, address, device).await };
        let result = self.0.complete(attempt).await?;
        Ok(Response::new(Reply(result.into())).header("Set-Cookie", expired_cookie))
    }
}

impl Callback {
    /// One attempt, counted and recorded.
    async fn attempt(
        &self,
        provider: &Arc<Provider>,
        cookies: &FlowCookies,
        parameters: CallbackParameters,
        address: IpAddr,
        device: Device,
    ) -> Result<CallbackResult, CallbackError> {
        let mut attempt = LoginAttempt {
            provider: Some(provider.name().to_owned()),
            ..LoginAttempt::new(Method::Oidc, device)
        };

        let result: Result<CallbackResult, CallbackFailure> = async {
            let permit = self.0.throttle.begin_anonymous(address).await?;
            let flow = self.flow(provider, cookies, parameters.state.as_deref());
            let result = match flow.await {
                Ok(flow) => {
                    self.complete(provider, &flow, parameters, &attempt.device, address).await
                }
                Err(error) => Err(error.into()),
            };
            permit.settle(outcome(&result)).await;
            result
        }
        .await;

        let outcome = match &result {
            Ok(CallbackResult::Login(login)) => {
                attempt.user = Some(login.user);
                match &login.result {
                    LoginResult::Session(session) => {
                        attempt.session = Some(session.id);
                        Some(LoginOutcome::Succeeded)
                    }
                    LoginResult::SecondFactorRequired(_) => {
                        Some(LoginOutcome::SecondFactorRequired)
                    }
                }
            }
            Ok(CallbackResult::Linked(_)) => None,
            Err(failure) => {
                // Known only once the provider has confirmed the identity.
                attempt.user = failure.user;
                Some(failed(&failure.error))
            }
        };
        if let Some(outcome) = outcome {
            self.0.record_login(attempt, outcome);
        }
        result.map_err(|failure| failure.error)
    }
}

/// For the throttle.
fn outcome(result: &Result<CallbackResult, CallbackFailure>) -> AttemptOutcome {
    let Err(CallbackFailure { error, .. }) = result else { return AttemptOutcome::Succeeded };
    match error {
        CallbackError::AnswerInvalid | CallbackError::AccountDisabled => AttemptOutcome::Failed,
        // An encrypted cookie cannot be guessed, and any page on the web can send a browser here
        // without one: that must not lock out others at the same address.
        CallbackError::StateInvalid
        | CallbackError::UnknownProvider
        | CallbackError::AccessDenied
        | CallbackError::AccountExists
        | CallbackError::IdentityTaken
        | CallbackError::UserAgentNotAllowed
        | CallbackError::Problem(_) => AttemptOutcome::Unverified,
    }
}

impl Callback {
    /// The flow that this browser started, which is consumed.
    async fn flow(
        &self,
        provider: &Provider,
        cookies: &FlowCookies,
        state: Option<&str>,
    ) -> Result<Flow, CallbackError> {
        let AppState { pool, clock, oidc, .. } = &*self.0;
        let cookie = cookies.get(&provider.cookie_name());
        let flow = state.and_then(|state| oidc.flow(provider, cookie, state));
        let flow = flow.ok_or(CallbackError::StateInvalid)?;
        if !consume_flow(pool, &flow, clock.now()).await? {
            return Err(CallbackError::StateInvalid);
        }
        Ok(flow)
    }

    async fn complete(
        &self,
        provider: &Arc<Provider>,
        flow: &Flow,
        parameters: CallbackParameters,
        device: &Device,
        address: IpAddr,
    ) -> Result<CallbackResult, CallbackFailure> {
        let identity = identify(provider, flow, parameters).await?;
        let Some(request) = flow.link else {
            let login = log_in(&self.0, provider, &identity, device, address).await?;
            return Ok(CallbackResult::Login(login));
        };
        Ok(CallbackResult::Linked(link(&self.0, &identity, request).await?))
    }
}

async fn identify(
    provider: &Arc<Provider>,
    flow: &Flow,
    parameters: CallbackParameters,
) -> Result<ExternalIdentity, CallbackError> {
    provider.check_issuer(parameters.iss.as_deref()).await?;
    match (parameters.code, parameters.error.as_deref()) {
        (Some(code), None) => Ok(provider.identify(code, flow).await?),
        (_, Some("access_denied")) => {
            let detail = "You denied access at the identity provider.";
            Err(CallbackError::AccessDenied.problem().detail(detail).into())
        }
        _ => Err(CallbackError::AccessDenied),
    }
}

/// The cookies of a request, among them those of OIDC flows.
struct FlowCookies(HeaderMap);

impl FlowCookies {
    fn get(&self, name: &str) -> Option<&str> {
        let lines = self.0.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    }
}

impl<'a> FromRequest<'a> for FlowCookies {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let lines = request.headers().get_all(COOKIE).iter();
        Ok(Self(lines.map(|line| (COOKIE, line.clone())).collect()))
    }
}

/// The response of a login, or the identities of the account to which one was linked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CallbackResponse {
    Login(LoginResponse),
    Linked(LinkResponse),
}

/// An identity was linked.
#[derive(Debug, Serialize, Object)]
#[oai(read_only_all)]
struct LinkResponse {
    /// The account's identities, including the new one.
    linked: Vec<LinkedIdentity>,
}

impl From<CallbackResult> for CallbackResponse {
    fn from(result: CallbackResult) -> Self {
        match result {
            CallbackResult::Login(login) => Self::Login(login.result.into()),
            CallbackResult::Linked(linked) => Self::Linked(LinkResponse { linked }),
        }
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
