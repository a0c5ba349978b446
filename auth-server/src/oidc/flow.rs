//! What a browser holds between the start of an OIDC flow and its callback.
//!
//! The server stores nothing in between, so that started flows cannot fill it up. An encrypted cookie,
//! named after the state, carries what the callback needs; the state in the URL must equal the one in
//! the cookie, so that a flow started in another browser is worthless in this one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::provider_config::ResponseMode;
use super::{FlowCookies, FrontEnd, Oidc, Provider};
use crate::db::PgPool;
use crate::http::problem::{INTERNAL, Problem};

/// How long users may take at the provider.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// A started flow.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Unique id.
    pub id: Uuid,
    /// Set if a logged-in user started it to link an identity.
    pub link: Option<LinkRequest>,
    /// Set if a front end on another site started it.
    #[serde(default)]
    pub front_end: Option<FrontEnd>,
    pub(crate) nonce: Nonce,
    /// Proves to the provider that this server started the flow (PKCE).
    pub(crate) verifier: String,
    state: String,
    expires_at: i64,
}

/// The request of a logged-in user to link an identity.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LinkRequest {
    pub user: Uuid,
    /// The session that made the request.
    pub session: Uuid,
}

/// Where to send the browser, and the cookie it must hold.
pub(crate) struct AuthorizationRequest {
    /// The authorization page of the provider.
    pub url: String,
    /// Value of a `Set-Cookie` header.
    pub cookie: String,
}

impl Flow {
    /// When it expires.
    #[must_use]
    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        // A time that cannot be represented is in the past: expired.
        DateTime::from_timestamp(self.expires_at, 0).unwrap_or_default()
    }

    /// Value of a `Set-Cookie` header that deletes its cookie.
    pub(crate) fn expired_cookie(&self, provider: &Provider) -> String {
        provider.cookie(&provider.cookie_name(&self.state), "", 0)
    }
}

impl Oidc {
    /// Starts a login, or the linking of an identity.
    ///
    /// # Errors
    /// [`crate::oidc::UNAVAILABLE`].
    pub(crate) async fn start(
        &self,
        provider: &Arc<Provider>,
        link: Option<LinkRequest>,
        front_end: Option<FrontEnd>,
    ) -> Result<AuthorizationRequest, Problem> {
        let client = provider.client(&*provider.discovery().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let code = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(code, CsrfToken::new_random, Nonce::new_random);
        let request = request.add_scopes(provider.config.scopes.iter().cloned());
        let request = match provider.config.response_mode {
            ResponseMode::Query => request,
            ResponseMode::FormPost => request.add_extra_param("response_mode", "form_post"),
        };
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let name = provider.cookie_name(state.secret());
        let flow = Flow {
            id: Uuid::new_v4(),
            link,
            front_end,
            nonce,
            verifier: verifier.into_secret(),
            state: state.into_secret(),
            expires_at: (self.clock.now() + LIFETIME).timestamp(),
        };
        let encrypted = self.encrypt(provider, &flow)?;
        let cookie = provider.cookie(&name, &encrypted, LIFETIME.num_seconds());
        Ok(AuthorizationRequest { url: url.into(), cookie })
    }

    /// The flow with this `state`, if this browser started it and it has not expired.
    #[must_use]
    pub(crate) fn flow(
        &self,
        provider: &Provider,
        cookies: &FlowCookies,
        state: &str,
    ) -> Option<Flow> {
        let flow = self.decrypt(provider, cookies.get(&provider.cookie_name(state))?)?;
        let same = bool::from(flow.state.as_bytes().ct_eq(state.as_bytes()));
        (same && self.clock.now() < flow.expires_at()).then_some(flow)
    }

    /// The flow in this cookie.
    pub(super) fn decrypt(&self, provider: &Provider, cookie: &str) -> Option<Flow> {
        let encrypted = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let text = self.encryption.decrypt(&label(provider), &encrypted)?.into_plaintext();
        serde_json::from_slice(&text).ok()
    }

    fn encrypt(&self, provider: &Provider, flow: &Flow) -> Result<String, Problem> {
        let text = serde_json::to_vec(flow).map_err(|_| Problem::new(INTERNAL))?;
        let encrypted = self.encryption.encrypt(&label(provider), &text);
        Ok(URL_SAFE_NO_PAD.encode(encrypted.map_err(|_| Problem::new(INTERNAL))?))
    }
}

fn label(provider: &Provider) -> String {
    format!("oidc-flow:{}", provider.name())
}

/// Consumes the flow or one-time code with this id. False if it was consumed before; of concurrent
/// calls, one returns true.
pub(crate) async fn consume(
    pool: &PgPool,
    id: Uuid,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO consumed_oidc_flows (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id,
        expires_at,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets flows and codes that expired before this time.
pub(crate) async fn delete_consumed(pool: &PgPool, passed: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM consumed_oidc_flows WHERE expires_at <= $1", passed)
        .execute(pool)
        .await?;
    Ok(())
}
