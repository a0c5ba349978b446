//! `GET /api/v1/auth/oidc/{provider}/callback`

use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;

use super::callback_response::{CallbackAnswer, Linked};
use super::flow_cookies::Kept;
use super::link::link;
use super::sign_in::sign_in_as;
use crate::api::AppState;
use crate::api::auth::user_agent::AGENT;
use crate::api::device::From as FromDevice;
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::PARAMETERS;
use crate::http::{ClientAddress, Reply};
use crate::login_history::{Attempt, Method};
use crate::oidc::{ANSWER, Flow, Provider, UNAVAILABLE, Who, consumed_flows};
use crate::problems;
use crate::throttle::{Outcome, TOO_MANY};

problems! {
    /// What can go wrong with coming back from a provider.
    pub(crate) enum CallbackError includes
        [PARAMETERS, &[TOO_MANY, ANSWER, UNAVAILABLE], AGENT, DATABASE]
    {
        Unknown = 404 "provider_not_found" "Nobody signs in here by a provider of this name.",
        State = 400 "state_invalid" "This sign-in was not begun in this browser, has expired or was finished; begin again.",
        Refused = 403 "provider_refused" "The provider did not confirm who you are.",
        Disabled = 401 "credentials_invalid" "This account can't be signed in to.",
        AccountExists = 409 "account_exists" "There is an account with this e-mail address.",
        Taken = 409 "identity_taken" "Somebody else signs in here by this identity.",
    }
}

/// What the provider had the browser bring.
struct Brought {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// The operation.
pub(crate) struct Callback(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Callback {
    /// Finish signing in by an account elsewhere, or linking it.
    ///
    /// The provider sends the browser here. It has to be the one that began, and each sign-in is
    /// finished once. Who signs in for the first time gets an account without a password, unless
    /// the e-mail address is another account's: that one is linked where both sides have verified the
    /// address and no second factor is on. Who has a second factor gets a challenge in place of the
    /// tokens. Where somebody signed in began it by `POST /api/v1/me/identities`, the identity is
    /// linked.
    #[oai(
        path = "/oidc/:provider/callback",
        method = "get",
        operation_id = "come_back_from_provider",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "Takes the cookie of this sign-in away."
        )
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn finish(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        kept: Kept,
        provider: Path<String>,
        /// Good for one ID token.
        code: Query<Option<String>>,
        /// That of `…/start`.
        state: Query<Option<String>>,
        /// The provider as it calls itself (RFC 9207).
        iss: Query<Option<String>>,
        /// In place of the code, where the provider did not confirm who it is.
        error: Query<Option<String>>,
    ) -> Result<Response<Reply<CallbackAnswer>>, CallbackError> {
        let provider = self.0.oidc.provider(&provider.0).ok_or(CallbackError::Unknown)?;
        let brought = Brought { code: code.0, state: state.0, iss: iss.0, error: error.0 };
        let mut attempt = Attempt::new(Method::Oidc, device);
        attempt.provider = Some(provider.name().to_owned());
        let answer = self.throttled(provider, &kept, brought, address, &mut attempt).await;
        let outcome = match &answer {
            Ok(CallbackAnswer::Login(answer)) => Some(answer.outcome()),
            Ok(CallbackAnswer::Linked(_)) => None,
            Err(error) => Some(error.clone().problem().code),
        };
        if let Some(outcome) = outcome {
            self.0.note_login(attempt, outcome);
        }
        Ok(Response::new(Reply(answer?)).header("Set-Cookie", provider.no_cookie()))
    }
}

impl Callback {
    async fn throttled(
        &self,
        provider: &Arc<Provider>,
        kept: &Kept,
        brought: Brought,
        address: IpAddr,
        attempt: &mut Attempt,
    ) -> Result<CallbackAnswer, CallbackError> {
        let admitted = self.0.throttle.address(address).await?;
        let answer = self.come_back(provider, kept, brought, (attempt, address)).await;
        admitted
            .ended(match &answer {
                Ok(_) => Outcome::Succeeded,
                // A sealed cookie can't be guessed, and any page on the web can have a browser come
                // here without one: that must not hold up those who sign in from the same address.
                Err(error) if error.clone().problem().status == 401 => Outcome::Failed,
                Err(_) => Outcome::Unchecked,
            })
            .await;
        answer
    }

    async fn come_back(
        &self,
        provider: &Arc<Provider>,
        kept: &Kept,
        brought: Brought,
        from: (&mut Attempt, IpAddr),
    ) -> Result<CallbackAnswer, CallbackError> {
        let flow = self.begun(provider, kept, brought.state.as_deref()).await?;
        let who = identify(provider, &flow, brought).await?;
        let Some(asked) = flow.link else {
            return sign_in_as(&self.0, provider, &who, from).await.map(CallbackAnswer::Login);
        };
        let linked = link(&self.0, &self.0.oidc, &who, asked).await?;
        Ok(CallbackAnswer::Linked(Linked { linked }))
    }

    /// The sign-in that this browser began, used by it.
    async fn begun(
        &self,
        provider: &Provider,
        kept: &Kept,
        state: Option<&str>,
    ) -> Result<Flow, CallbackError> {
        let AppState { pool, clock, .. } = &*self.0;
        let kept = kept.get(&provider.cookie_name());
        let flow = state.and_then(|state| self.0.oidc.flow(provider, kept, state));
        let flow = flow.ok_or(CallbackError::State)?;
        let first = consumed_flows::spend(pool, &flow, clock.now()).await?;
        if first { Ok(flow) } else { Err(CallbackError::State) }
    }
}

async fn identify(
    provider: &Arc<Provider>,
    flow: &Flow,
    brought: Brought,
) -> Result<Who, CallbackError> {
    if !provider.is_named(brought.iss.as_deref()).await? {
        return Err(Problem::new(ANSWER).detail("It is another provider's answer.").into());
    }
    match (brought.code, brought.error.as_deref()) {
        (Some(code), None) => Ok(provider.identify(code, flow).await?),
        (_, Some("access_denied")) => {
            let detail = "You did not allow it there.";
            Err(CallbackError::Refused.problem().detail(detail).into())
        }
        _ => Err(CallbackError::Refused),
    }
}
