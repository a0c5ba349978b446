//! Issuing access tokens.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use policies::RoleName;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ring::KeyRing;
use crate::clock::Clock;
use crate::http::problem::{INTERNAL, Problem};

/// `typ` of an access token (RFC 9068): no other token of this server can be mistaken for one.
pub const TYPE: &str = "at+jwt";

/// `client_id` of every access token, which RFC 9068 requires: the front ends of the site, in which
/// users log in. They are no clients of their own here.
pub(crate) const CLIENT_ID: &str = "auth-server";

/// The claims of an access token besides `iss`, `aud` and `client_id`, which are the same in all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The session of the token.
    pub sid: Uuid,
    /// The session's number among the sessions of the user, for revocations up to a number.
    pub sn: i64,
    /// Issued at, Unix time in seconds.
    pub iat: i64,
    /// Not valid before, Unix time in seconds.
    pub nbf: i64,
    /// Expires at, Unix time in seconds.
    pub exp: i64,
    /// Unique id of the token.
    pub jti: Uuid,
    /// The roles granted to the user.
    pub roles: Vec<RoleName>,
    /// Policy revision at which `roles` were read.
    pub rev: i64,
}

/// Issues access tokens.
pub struct Issuer {
    ring: Arc<KeyRing>,
    clock: Clock,
    name: String,
    audience: String,
    lifetime: TimeDelta,
}

/// Whom an access token is issued to.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The user.
    pub user: Uuid,
    /// The user's session.
    pub session: Uuid,
    /// The session's number among the sessions of the user.
    pub session_number: i64,
    /// The roles granted to the user.
    pub roles: Vec<RoleName>,
    /// Policy revision at which `roles` were read.
    pub revision: i64,
}

/// A signed access token. Never stored, never logged.
pub struct AccessToken {
    /// The token.
    pub text: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl Issuer {
    /// Issues tokens with `iss` = `name` and `aud` = `audience` that are valid for `lifetime`.
    #[must_use]
    pub fn new(
        ring: Arc<KeyRing>,
        clock: Clock,
        name: String,
        audience: String,
        lifetime: TimeDelta,
    ) -> Self {
        Self { ring, clock, name, audience, lifetime }
    }

    /// `iss` of the tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `aud` of the tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How long a token is valid.
    #[must_use]
    pub const fn lifetime(&self) -> TimeDelta {
        self.lifetime
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// There is no signing key; the log says why.
    pub fn issue(&self, subject: Subject) -> Result<AccessToken, Problem> {
        let Subject { user, session, session_number, roles, revision } = subject;
        let now = self.clock.now().timestamp();
        let claims = Claims {
            sub: user,
            sid: session,
            sn: session_number,
            iat: now,
            nbf: now,
            exp: now.saturating_add(self.lifetime.num_seconds()),
            jti: Uuid::new_v4(),
            roles,
            rev: revision,
        };
        let payload = Payload {
            iss: &self.name,
            aud: &self.audience,
            client_id: Some(CLIENT_ID),
            claims: &claims,
        };
        let text = sign(&self.ring, TYPE, &payload)?;
        Ok(AccessToken { text, expires_in: self.lifetime.num_seconds() })
    }
}

/// The payload of a token. `client_id` is for other services; this server does not read it.
#[derive(Serialize)]
pub(super) struct Payload<'a, C> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<&'static str>,
    #[serde(flatten)]
    pub(super) claims: &'a C,
}

/// A signed token with this `typ`.
pub(super) fn sign<C: Serialize>(
    ring: &KeyRing,
    typ: &str,
    payload: &Payload<'_, C>,
) -> Result<String, Problem> {
    let Some(key) = ring.signing() else {
        tracing::error!("there is no signing key");
        return Err(Problem::new(INTERNAL));
    };
    let header = Header {
        typ: Some(typ.into()),
        kid: Some(key.kid.clone()),
        ..Header::new(Algorithm::EdDSA)
    };
    let message = segment(&header).and_then(|head| Ok(format!("{head}.{}", segment(payload)?)));
    let message = message.map_err(|error| {
        tracing::error!(%error, "cannot serialize a token");
        Problem::new(INTERNAL)
    })?;
    // jsonwebtoken would derive the key pair for every token, which takes as long as signing.
    let signature = key.sign(&message);
    Ok(format!("{message}.{signature}"))
}

fn segment(json: &impl Serialize) -> serde_json::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(json)?))
}
