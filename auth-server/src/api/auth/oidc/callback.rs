//! `GET /api/v1/auth/oidc/{provider}/callback`

use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use super::result::{CallbackAnswer, CallbackResult, attempt, finish, record};
use crate::api::AppState;
use crate::api::auth::failed;
use crate::api::auth::open_session::SessionError;
use crate::api::device::FromDevice;
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::{FORM, PARAMETERS};
use crate::http::{ClientAddress, Form, SeeOther};
use crate::oidc::{
    ExternalIdentity, Flow, FlowCookies, IdentityError, Provider, UNAVAILABLE, consume,
};
use crate::problems;
use crate::session::Device;
use crate::throttle::{AttemptOutcome, TOO_MANY};

problems! {
    /// Why an OIDC login or link failed.
    pub(crate) enum CallbackError includes [PARAMETERS, &[TOO_MANY, UNAVAILABLE], DATABASE_WRITE] {
        UnknownProvider = 404 "provider_not_found" "Unknown identity provider.",
        StateInvalid = 400 "state_invalid" "This login was not started in this browser, has expired or is already complete; start again.",
        AnswerInvalid = 401 "provider_answer_invalid" "The answer of the identity provider is not valid for this login; start again.",
        ConsentDenied = 403 "consent_denied" "You denied access at the identity provider; start again to grant it.",
        ProviderRefused = 403 "provider_refused" "The identity provider did not confirm your identity.",
        AccountDisabled = 401 "credentials_invalid" "You cannot log in to this account.",
        AccountExists = 409 "account_exists" "An account with this e-mail address already exists.",
        IdentityTaken = 409 "identity_taken" "This identity is linked to another account.",
        UserAgentNotAllowed = 403 "agent_not_allowed" "This account does not accept logins from this user agent; use a client that its owner allows.",
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

problems! {
    /// As [`CallbackError`], for a posted form.
    pub(crate) enum FormCallbackError includes
        [FORM, PARAMETERS, CallbackError::SPECS, &[TOO_MANY, UNAVAILABLE], DATABASE_WRITE] {}
}

/// The parameters with which the provider sends the browser back.
#[derive(Deserialize, Object)]
struct CallbackParameters {
    /// Authorization code, to be exchanged for an ID token.
    #[oai(write_only)]
    code: Option<String>,
    /// The `state` of the authorization request.
    #[oai(write_only)]
    state: Option<String>,
    /// Issuer identifier of the provider (RFC 9207).
    iss: Option<String>,
    /// Error code of the provider, instead of `code`.
    error: Option<String>,
}

/// An error, and the account it is about, if that is known.
pub(super) struct CallbackFailure {
    pub user: Option<Uuid>,
    pub error: CallbackError,
    /// How the attempt counts. Only a code that the provider does not know can be a guess of the
    /// visitor's: for whatever else is wrong, the provider or the account is the reason.
    outcome: AttemptOutcome,
}

impl CallbackFailure {
    /// The login to this account failed.
    pub(super) fn of_user(user: Uuid, error: CallbackError) -> Self {
        Self { user: Some(user), ..error.into() }
    }
}

impl<E: Into<CallbackError>> From<E> for CallbackFailure {
    fn from(error: E) -> Self {
        Self { user: None, error: error.into(), outcome: AttemptOutcome::Unverified }
    }
}

/// After the flow was consumed.
fn unidentified(error: IdentityError) -> CallbackFailure {
    match error {
        IdentityError::CodeRefused => {
            let outcome = AttemptOutcome::Failed;
            CallbackFailure { outcome, ..CallbackError::AnswerInvalid.into() }
        }
        IdentityError::AnswerInvalid => CallbackError::AnswerInvalid.into(),
        IdentityError::Problem(problem) if problem.code == UNAVAILABLE.code => {
            let detail = "This login cannot be completed any more; start it again.";
            CallbackError::from(problem.detail(detail)).into()
        }
        IdentityError::Problem(problem) => problem.into(),
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
    /// started with `POST /api/v1/me/identities` links the identity. A flow that a front end on another
    /// site started ends on its page (303).
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
        /// Name of the provider, as in `GET /api/v1/auth/oidc`.
        provider: Path<String>,
        /// Authorization code, to be exchanged for an ID token.
        code: Query<Option<String>>,
        /// The `state` of the authorization request.
        state: Query<Option<String>>,
        /// Issuer identifier of the provider (RFC 9207).
        iss: Query<Option<String>>,
        /// Error code of the provider, instead of `code`.
        error: Query<Option<String>>,
    ) -> Result<Response<CallbackAnswer>, CallbackError> {
        let parameters =
            CallbackParameters { code: code.0, state: state.0, iss: iss.0, error: error.0 };
        self.call_back(&provider.0, cookies, parameters, address, device).await
    }

    /// Complete an OIDC login or link with a posted form.
    ///
    /// As `GET`, for providers with `response_mode = "form_post"`.
    #[oai(
        path = "/oidc/:provider/callback",
        method = "post",
        operation_id = "oidc_form_callback",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "Deletes the cookie of the flow."
        )
    )]
    async fn form_callback(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        cookies: FlowCookies,
        /// Name of the provider, as in `GET /api/v1/auth/oidc`.
        provider: Path<String>,
        Form(parameters): Form<CallbackParameters>,
    ) -> Result<Response<CallbackAnswer>, FormCallbackError> {
        let response = self.call_back(&provider.0, cookies, parameters, address, device).await;
        response.map_err(|error| error.problem().into())
    }
}

impl Callback {
    async fn call_back(
        &self,
        provider: &str,
        cookies: FlowCookies,
        parameters: CallbackParameters,
        address: IpAddr,
        device: Device,
    ) -> Result<Response<CallbackAnswer>, CallbackError> {
        let provider = self.0.oidc.provider(provider).ok_or(CallbackError::UnknownProvider)?;
        let provider = Arc::clone(provider);
        // An encrypted cookie cannot be guessed, and any page on the web can send a browser here without
        // one: that costs nothing, and must not lock out others at the same address.
        let state = parameters.state.as_deref();
        let flow = state.and_then(|state| self.0.oidc.flow(&provider, &cookies, state));
        let Some(flow) = flow else {
            let error = CallbackError::StateInvalid;
            self.0.record_login(attempt(&provider, device), failed(&error));
            return Err(error);
        };
        let (expired_cookie, front_end) = (flow.expired_cookie(&provider), flow.front_end.clone());
        let this = Self(Arc::clone(&self.0));
        let attempt =
            async move { this.attempt(&provider, &flow, parameters, address, device).await };
        let answer = match (self.0.complete(attempt).await, front_end) {
            (Err(error), Some(front_end)) => {
                CallbackAnswer::Page(SeeOther(front_end.failed(error.problem().code)))
            }
            (result, _) => result?.into(),
        };
        Ok(Response::new(answer).header("Set-Cookie", expired_cookie))
    }

    /// One attempt, counted and recorded.
    async fn attempt(
        &self,
        provider: &Arc<Provider>,
        flow: &Flow,
        parameters: CallbackParameters,
        address: IpAddr,
        device: Device,
    ) -> Result<CallbackResult, CallbackError> {
        let attempt = attempt(provider, device);
        let result: Result<CallbackResult, CallbackFailure> = async {
            let permit = self.0.throttle.begin_anonymous(address).await?;
            let result = self.complete(provider, flow, parameters, &attempt.device, address).await;
            let outcome = result
                .as_ref()
                .map_or_else(|failure| failure.outcome, |_| AttemptOutcome::Succeeded);
            permit.settle(outcome).await;
            result
        }
        .await;

        record(&self.0, attempt, result)
    }
}

impl Callback {
    async fn complete(
        &self,
        provider: &Arc<Provider>,
        flow: &Flow,
        parameters: CallbackParameters,
        device: &Device,
        address: IpAddr,
    ) -> Result<CallbackResult, CallbackFailure> {
        if !consume(&self.0.pool, flow.id, flow.expires_at()).await? {
            return Err(CallbackError::StateInvalid.into());
        }
        let identity = identify(provider, flow, parameters).await?;
        if let Some(front_end) = &flow.front_end {
            let page = self.0.oidc.hand_over(front_end, provider.name(), &identity)?;
            return Ok(CallbackResult::HandedOver(page));
        }
        finish(&self.0, provider, &identity, flow.link, device, address).await
    }
}

async fn identify(
    provider: &Arc<Provider>,
    flow: &Flow,
    parameters: CallbackParameters,
) -> Result<ExternalIdentity, CallbackFailure> {
    provider.check_issuer(parameters.iss.as_deref()).await.map_err(unidentified)?;
    let error = parameters.error.as_deref();
    match (parameters.code, error) {
        (Some(code), None) => provider.identify(&code, flow).await.map_err(unidentified),
        (_, Some("access_denied")) => Err(CallbackError::ConsentDenied.into()),
        _ => {
            provider.refused(error);
            Err(CallbackError::ProviderRefused.into())
        }
    }
}
