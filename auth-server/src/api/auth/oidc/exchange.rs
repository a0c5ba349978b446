//! `POST /api/v1/auth/oidc/exchange`

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::callback::CallbackError;
use super::result::{CallbackResponse, CallbackResult, attempt, finish, record};
use crate::api::AppState;
use crate::api::device::FromDevice;
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, Reply};
use crate::oidc::consume;
use crate::problems;
use crate::session::Device;

/// A one-time code from the fragment of the front end's page.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ExchangeForm {
    /// The code.
    #[oai(write_only)]
    code: String,
    /// The PKCE verifier of the `code_challenge` with which the front end started the flow.
    #[oai(write_only)]
    code_verifier: String,
}

impl fmt::Debug for ExchangeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExchangeForm")
    }
}

problems! {
    /// Why a code was not exchanged.
    pub(crate) enum ExchangeError includes [BODY, DATABASE_WRITE] {
        CodeInvalid = 400 "oidc_code_invalid" "Invalid, expired or used code, or another verifier; start again.",
        AccountDisabled = 401 "credentials_invalid" "You cannot log in to this account.",
        UserAgentNotAllowed = 403 "agent_not_allowed" "This account does not accept logins from this user agent; use a client that its owner allows.",
        AccountExists = 409 "account_exists" "An account with this e-mail address already exists.",
    }
}

pub(crate) struct Exchange(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Exchange {
    /// Exchange the one-time code of an OIDC login.
    ///
    /// For front ends on other sites, to whose page the callback sent the browser. A code is valid once,
    /// for a minute. Responds as the callback does.
    #[oai(path = "/oidc/exchange", method = "post", operation_id = "exchange_oidc_code")]
    async fn exchange(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        Body(form): Body<ExchangeForm>,
    ) -> Result<Reply<CallbackResponse>, ExchangeError> {
        let this = Self(Arc::clone(&self.0));
        let result =
            self.0.complete(async move { this.redeem(&form, address, device).await }).await?;
        result.response().map(Reply).ok_or(ExchangeError::CodeInvalid)
    }
}

impl Exchange {
    async fn redeem(
        &self,
        form: &ExchangeForm,
        address: IpAddr,
        device: Device,
    ) -> Result<CallbackResult, ExchangeError> {
        let AppState { pool, oidc, .. } = &*self.0;
        let confirmed = oidc.redeem(&form.code, &form.code_verifier);
        let confirmed = confirmed.ok_or(ExchangeError::CodeInvalid)?;
        let provider = oidc.provider(&confirmed.provider).ok_or(ExchangeError::CodeInvalid)?;
        let identity = confirmed.identity().ok_or(ExchangeError::CodeInvalid)?;
        if !consume(pool, confirmed.id, confirmed.expires_at()).await? {
            return Err(ExchangeError::CodeInvalid);
        }
        let attempt = attempt(provider, device.clone());
        let result = finish(&self.0, provider, &identity, None, &device, address).await;
        record(&self.0, attempt, result).map_err(|error| match error {
            CallbackError::StateInvalid => ExchangeError::CodeInvalid,
            error => error.problem().into(),
        })
    }
}
