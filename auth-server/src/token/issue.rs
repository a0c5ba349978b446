//! Writing access tokens.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use policies::RoleName;
use serde::Serialize;
use uuid::Uuid;

use super::claims::{Claims, TYPE};
use super::ring::KeyRing;
use crate::clock::Clock;
use crate::http::problem::{INTERNAL, Problem};

/// Signs access tokens.
pub struct Issuer {
    ring: Arc<KeyRing>,
    clock: Clock,
    name: String,
    audience: String,
    life: TimeDelta,
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

/// A signed token, ready to go out. Never stored, never logged.
pub struct AccessToken {
    /// The token itself.
    pub text: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Signed<'a, C> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    claims: &'a C,
}

impl Issuer {
    /// Tokens say that they come from `name`, are meant for `audience` and live for `life`.
    #[must_use]
    pub fn new(
        ring: Arc<KeyRing>,
        clock: Clock,
        name: String,
        audience: String,
        life: TimeDelta,
    ) -> Self {
        Self { ring, clock, name, audience, life }
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

    /// How long a token lives.
    #[must_use]
    pub const fn life(&self) -> TimeDelta {
        self.life
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// There is no key to sign with; the log says why.
    pub fn issue(&self, subject: Subject) -> Result<AccessToken, Problem> {
        let Subject { user, session, session_number, roles, revision } = subject;
        let now = self.clock.now().timestamp();
        let exp = now.saturating_add(self.life.num_seconds());
        let jti = Uuid::new_v4();
        let claims = Claims {
            sub: user,
            sid: session,
            sn: session_number,
            iat: now,
            nbf: now,
            exp,
            jti,
            roles,
            rev: revision,
        };
        let text = sign(&self.ring, TYPE, (&self.name, &self.audience), &claims)?;
        Ok(AccessToken { text, expires_in: self.life.num_seconds() })
    }
}

/// A token of this type, from this issuer for this audience.
pub(crate) fn sign(
    ring: &KeyRing,
    kind: &str,
    (issuer, audience): (&str, &str),
    claims: &impl Serialize,
) -> Result<String, Problem> {
    let Some(key) = ring.signing() else {
        tracing::error!("no signing key");
        return Err(Problem::new(INTERNAL));
    };
    let header = Header {
        typ: Some(kind.into()),
        kid: Some(key.kid.clone()),
        ..Header::new(Algorithm::EdDSA)
    };
    let signed = Signed { iss: issuer, aud: audience, claims };
    let message = part(&header).and_then(|header| Ok(format!("{header}.{}", part(&signed)?)));
    let message = message.map_err(|error| {
        tracing::error!(%error, "token not written");
        Problem::new(INTERNAL)
    })?;
    // The library would derive the key pair from its private half at every token, which takes as
    // long as signing it.
    let signature = key.sign(&message);
    Ok(format!("{message}.{signature}"))
}

fn part(json: &impl Serialize) -> serde_json::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(json)?))
}
