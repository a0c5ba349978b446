//! What a browser holds between the start of an OIDC flow and its callback.
//!
//! The server stores nothing in between, so that started flows cannot fill it up. An encrypted cookie
//! carries what the callback needs; the state in the URL must equal the one in the cookie, so that a
//! flow started in another browser is worthless in this one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Oidc, Provider};
use crate::crypto::Decrypted;
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
    ) -> Result<AuthorizationRequest, Problem> {
        let client = provider.client(&*provider.discovery().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let code = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(code, CsrfToken::new_random, Nonce::new_random);
        let request = request.add_scopes(provider.config.scopes.iter().cloned());
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let flow = Flow {
            id: Uuid::new_v4(),
            link,
            nonce,
            verifier: verifier.into_secret(),
            state: state.into_secret(),
            expires_at: (self.clock.now() + LIFETIME).timestamp(),
        };
        let cookie = cookie(provider, &self.encrypt(provider, &flow)?, LIFETIME.num_seconds());
        Ok(AuthorizationRequest { url: url.into(), cookie })
    }

    /// The flow in this cookie, if it has this `state` and has not expired.
    #[must_use]
    pub(crate) fn flow(
        &self,
        provider: &Provider,
        cookie: Option<&str>,
        state: &str,
    ) -> Option<Flow> {
        let encrypted = URL_SAFE_NO_PAD.decode(cookie?).ok()?;
        let (Decrypted::Current(text) | Decrypted::Previous(text)) =
            self.encryption.decrypt(&label(provider), &encrypted)?;
        let flow: Flow = serde_json::from_slice(&text).ok()?;
        let same = bool::from(flow.state.as_bytes().ct_eq(state.as_bytes()));
        (same && self.clock.now() < flow.expires_at()).then_some(flow)
    }

    fn encrypt(&self, provider: &Provider, flow: &Flow) -> Result<String, Problem> {
        let text = serde_json::to_vec(flow).map_err(|_| Problem::new(INTERNAL))?;
        let encrypted = self.encryption.encrypt(&label(provider), &text);
        Ok(URL_SAFE_NO_PAD.encode(encrypted.map_err(|_| Problem::new(INTERNAL))?))
    }
}

impl Provider {
    /// Name of the cookie of its flows.
    #[must_use]
    pub(crate) fn cookie_name(&self) -> String {
        format!("oidc-{}", self.name())
    }

    /// Value of a `Set-Cookie` header that deletes the cookie.
    #[must_use]
    pub(crate) fn expired_cookie(&self) -> String {
        cookie(self, "", 0)
    }
}

/// `Lax`: browsers send it with the redirect from the provider, and with no other cross-site request
/// but top-level navigation.
fn cookie(provider: &Provider, value: &str, seconds: i64) -> String {
    let (name, path) = (provider.cookie_name(), &provider.config.cookie_path);
    let secure = if provider.config.cookie_secure { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn label(provider: &Provider) -> String {
    format!("oidc-flow:{}", provider.name())
}

/// Consumes a flow. False if it was consumed before; of concurrent calls, one returns true.
pub(crate) async fn consume_flow(
    pool: &PgPool,
    flow: &Flow,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let mut database = pool.acquire().await?;
    sqlx::query!("DELETE FROM consumed_oidc_flows WHERE expires_at <= $1", now)
        .execute(&mut database)
        .await?;
    let done = sqlx::query!(
        "INSERT INTO consumed_oidc_flows (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        flow.id,
        flow.expires_at(),
    )
    .execute(&mut database)
    .await?;
    Ok(done.rows_affected() > 0)
}
