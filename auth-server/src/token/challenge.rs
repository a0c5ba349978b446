//! Second-factor challenges: a token for the second step of a login, issued after the first factor was
//! verified. It grants nothing else.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Validation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::issue::{Payload, sign};
use super::ring::KeyRing;
use super::verify::{LEEWAY, Validity, read, validation};
use crate::clock::Clock;
use crate::http::problem::Problem;

/// `typ` of a challenge, so that it is never mistaken for an access token.
pub const CHALLENGE_TYPE: &str = "second-factor+jwt";

/// How long a challenge is valid.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// Issues and verifies challenges.
pub struct Challenges {
    ring: Arc<KeyRing>,
    clock: Clock,
    /// Issuer and audience: a challenge is for this server only.
    name: String,
    validation: Validation,
}

/// A signed challenge.
pub struct IssuedChallenge {
    /// The token.
    pub text: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

impl fmt::Debug for IssuedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedChallenge")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// The claims of a challenge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// The user who is logging in.
    #[serde(rename = "sub")]
    pub user: Uuid,
    /// Unique id of the challenge.
    #[serde(rename = "jti")]
    pub id: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// Binds the challenge to the verified credential and the second factor to be presented.
    stamp: String,
}

impl Challenge {
    /// When it expires, including the leeway.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        let exp = DateTime::from_timestamp(self.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        exp.checked_add_signed(LEEWAY).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// True while the stored credential is the one that was verified, and the second factor the one
    /// that is active `since` then.
    #[must_use]
    pub fn is_of(&self, credential: &str, since: DateTime<Utc>) -> bool {
        self.stamp == stamp(credential, since)
    }
}

impl Challenges {
    /// Challenges of the server with this `iss`.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, clock: Clock, issuer: &str) -> Self {
        Self { ring, clock, name: issuer.to_owned(), validation: validation(issuer, issuer) }
    }

    /// Issues a challenge for this user. It is valid while the stored `credential` (a PHC string, or
    /// empty if there is none) and the second factor, active `since` then, stay the same.
    ///
    /// # Errors
    /// There is no signing key; the log says why.
    pub fn write(
        &self,
        user: Uuid,
        credential: &str,
        since: DateTime<Utc>,
    ) -> Result<IssuedChallenge, Problem> {
        let now = self.clock.now().timestamp();
        let challenge = Challenge {
            user,
            id: Uuid::new_v4(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(LIFETIME.num_seconds()),
            stamp: stamp(credential, since),
        };
        let payload =
            Payload { iss: &self.name, aud: &self.name, client_id: None, claims: &challenge };
        let text = sign(&self.ring, CHALLENGE_TYPE, &payload)?;
        Ok(IssuedChallenge { text, expires_in: LIFETIME.num_seconds() })
    }

    /// The claims of a challenge, if this server issued it and it is valid now.
    pub async fn read(&self, text: &str) -> Option<Challenge> {
        let read = read::<Challenge>(&self.ring, CHALLENGE_TYPE, &self.validation, text).await;
        read.ok().map(|verified| verified.claims).filter(|challenge| {
            let Challenge { iat, nbf, exp, .. } = *challenge;
            Validity { from: nbf.max(iat), until: exp }.contains(self.clock.now())
        })
    }
}

/// Identifies a stored credential without revealing anything about it, since its salt is random.
fn stamp(credential: &str, since: DateTime<Utc>) -> String {
    let digest = Sha256::new_with_prefix(since.timestamp_micros().to_be_bytes());
    URL_SAFE_NO_PAD.encode(digest.chain_update(credential).finalize())
}
