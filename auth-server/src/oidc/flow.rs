//! What a browser keeps between the two halves of a sign-in: it is sent to the provider by the first
//! and comes back with a code by the second.
//!
//! The server keeps nothing meanwhile, so nobody can fill it by beginning. A cookie, encrypted, carries
//! what the second half needs; the state in the URL has to be the one in the cookie, so what another
//! browser began is worth nothing in this one.

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
use crate::http::problem::{INTERNAL, Problem};

/// How long somebody may take at the provider.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// A sign-in that was begun.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Identifies it.
    pub id: Uuid,
    /// To whom it is to be linked, where somebody began it who is signed in.
    pub link: Option<Link>,
    pub(crate) nonce: Nonce,
    /// Shows the provider that it is we who began it (PKCE).
    pub(crate) verifier: String,
    state: String,
    expires_at: i64,
}

/// Who wants to sign in by the account elsewhere from now on, too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The user.
    pub user: Uuid,
    /// The session that asked.
    pub session: Uuid,
}

/// Where to send a browser, and what it has to keep.
pub(crate) struct Begun {
    /// The provider's page.
    pub url: String,
    /// Value of a header `Set-Cookie`.
    pub cookie: String,
}

impl Flow {
    /// When it is over.
    #[must_use]
    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.expires_at, 0).unwrap_or_default()
    }
}

impl Oidc {
    /// Begins a sign-in, or the linking of an identity.
    ///
    /// # Errors
    /// [`crate::oidc::UNAVAILABLE`].
    pub(crate) async fn begin(
        &self,
        provider: &Arc<Provider>,
        link: Option<Link>,
    ) -> Result<Begun, Problem> {
        let client = provider.client(&*provider.known().await?);
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
            expires_at: (self.clock.now() + LIFE).timestamp(),
        };
        let cookie = cookie(provider, &self.encrypt(provider, &flow)?, LIFE.num_seconds());
        Ok(Begun { url: url.into(), cookie })
    }

    /// The sign-in that this browser began, if `state` is of it and it is not over.
    #[must_use]
    pub(crate) fn flow(
        &self,
        provider: &Provider,
        kept: Option<&str>,
        state: &str,
    ) -> Option<Flow> {
        let encrypted = URL_SAFE_NO_PAD.decode(kept?).ok()?;
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
    /// Name of the cookie of its sign-ins.
    #[must_use]
    pub(crate) fn cookie_name(&self) -> String {
        format!("oidc-{}", self.name())
    }

    /// Value of a header `Set-Cookie` that takes the cookie away.
    #[must_use]
    pub(crate) fn no_cookie(&self) -> String {
        cookie(self, "", 0)
    }
}

/// `Lax`: it comes with the browser's way back from the provider, and with nothing else that another
/// site makes it send.
fn cookie(provider: &Provider, value: &str, seconds: i64) -> String {
    let (name, path) = (provider.cookie_name(), &provider.config.cookie_path);
    let secure = if provider.config.cookie_secure { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn label(provider: &Provider) -> String {
    format!("oidc-flow:{}", provider.name())
}
