//! Front ends on other sites, which no cookie of this server reaches.
//!
//! The callback sends the browser to a configured page with a one-time code in the fragment, which
//! browsers send to no server. The code is worthless without the PKCE verifier that the page kept when
//! it started the flow. It carries the confirmed identity itself, encrypted: no session exists before
//! it is exchanged.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::claims::Claims;
use super::{ExternalIdentity, Oidc};
use crate::email::EmailAddress;
use crate::http::problem::{INTERNAL, Problem};
use crate::http::request_errors::FIELD;
use crate::user::{Login, ProfileName};

/// How long a code is valid: the page exchanges it at once.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

const LABEL: &str = "oidc-code";

/// The front end that started a flow.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FrontEnd {
    page: String,
    /// PKCE challenge (S256).
    challenge: String,
}

/// An identity that a provider has confirmed, for a front end to finish the login.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConfirmedIdentity {
    pub id: Uuid,
    /// Name of the provider.
    pub provider: String,
    issuer: String,
    claims: Value,
    challenge: String,
    expires_at: i64,
}

impl FrontEnd {
    /// The page, with this parameter in its fragment.
    fn with(&self, name: &str, value: &str) -> String {
        format!("{}#{name}={value}", self.page)
    }

    /// The page, with a problem code.
    pub(crate) fn failed(&self, code: &str) -> String {
        self.with("error", code)
    }
}

impl ConfirmedIdentity {
    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.expires_at, 0).unwrap_or_default()
    }

    pub(crate) fn identity(&self) -> Option<ExternalIdentity> {
        Claims::deserialize(&self.claims).ok()?.identity(&self.issuer)
    }
}

impl Oidc {
    /// The front end that starts a flow with these parameters, if it does.
    ///
    /// # Errors
    /// [`FIELD`]: the page is not configured, or there is no valid challenge.
    pub(crate) fn front_end(
        &self,
        page: Option<String>,
        challenge: Option<String>,
    ) -> Result<Option<FrontEnd>, Problem> {
        let invalid = |name, detail| Err(Problem::new(FIELD).field(name).detail(detail));
        match (page, challenge) {
            (None, None) => Ok(None),
            (Some(page), _) if !self.pages.contains(&page) => {
                invalid("page", "The page is not configured in `oidc.pages`.")
            }
            (Some(page), Some(challenge)) if is_sha256(&challenge) => {
                Ok(Some(FrontEnd { page, challenge }))
            }
            (Some(_), _) => invalid("code_challenge", "It must be a SHA-256 hash in base64url."),
            (None, Some(_)) => invalid("page", "A challenge requires a page."),
        }
    }

    /// The page of this front end, with a one-time code for the identity.
    ///
    /// # Errors
    /// [`INTERNAL`].
    pub(crate) fn hand_over(
        &self,
        front_end: &FrontEnd,
        provider: &str,
        identity: &ExternalIdentity,
    ) -> Result<String, Problem> {
        let confirmed = ConfirmedIdentity {
            id: Uuid::new_v4(),
            provider: provider.to_owned(),
            issuer: identity.issuer.clone(),
            claims: claims(identity),
            challenge: front_end.challenge.clone(),
            expires_at: (self.clock.now() + LIFETIME).timestamp(),
        };
        let text = serde_json::to_vec(&confirmed).map_err(|_| Problem::new(INTERNAL))?;
        let code = self.encryption.encrypt(LABEL, &text).map_err(|_| Problem::new(INTERNAL))?;
        Ok(front_end.with("code", &URL_SAFE_NO_PAD.encode(code)))
    }

    /// What this code stands for, if it has not expired and the verifier belongs to it.
    pub(crate) fn redeem(&self, code: &str, verifier: &str) -> Option<ConfirmedIdentity> {
        let encrypted = URL_SAFE_NO_PAD.decode(code).ok()?;
        let text = self.encryption.decrypt(LABEL, &encrypted)?.into_plaintext();
        let confirmed: ConfirmedIdentity = serde_json::from_slice(&text).ok()?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let same = bool::from(challenge.as_bytes().ct_eq(confirmed.challenge.as_bytes()));
        (same && self.clock.now() < confirmed.expires_at()).then_some(confirmed)
    }
}

fn is_sha256(challenge: &str) -> bool {
    URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|hash| hash.len() == 32)
}

fn claims(identity: &ExternalIdentity) -> Value {
    json!({
        "sub": identity.subject,
        "email": identity.email.as_ref().map(EmailAddress::as_str),
        "email_verified": identity.email_verified,
        "preferred_username": identity.login.as_ref().map(Login::as_str),
        "given_name": identity.first_name.as_ref().map(ProfileName::as_str),
        "family_name": identity.last_name.as_ref().map(ProfileName::as_str),
    })
}
