//! What somebody holds whose password was right and who owes a second factor: a token that opens
//! nothing but the second step of that login.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Validation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::issue::sign;
use super::ring::KeyRing;
use super::verify::{in_time, read, validation};
use crate::clock::Clock;
use crate::http::problem::Problem;

/// `typ` of a challenge: it is never taken for an access token, nor an access token for it.
pub const CHALLENGE_TYPE: &str = "second-factor+jwt";

/// How long a challenge is good.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// Writes and reads challenges.
pub struct Challenges {
    ring: Arc<KeyRing>,
    clock: Clock,
    /// Issuer and audience: a challenge is for nobody but this server.
    name: String,
    validation: Validation,
}

/// A challenge, ready to go out.
pub struct IssuedChallenge {
    /// The token itself.
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

/// What a challenge says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// Whose login it is.
    #[serde(rename = "sub")]
    pub user: Uuid,
    /// Differs in every challenge.
    #[serde(rename = "jti")]
    pub id: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// Of the stored credential that was right, and the second factor that is owed.
    stamp: String,
}

impl Challenge {
    /// When it expires for good.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or_default() + crate::token::LEEWAY
    }

    /// True while the credential that was right is the stored one, and the second factor the one
    /// that counts `since` then.
    #[must_use]
    pub fn is_of(&self, credential: &str, since: DateTime<Utc>) -> bool {
        self.stamp == stamp(credential, since)
    }
}

impl Challenges {
    /// Challenges of the server that is known as `issuer`.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, clock: Clock, issuer: &str) -> Self {
        Self { ring, clock, name: issuer.to_owned(), validation: validation(issuer, issuer) }
    }

    /// A challenge for this user, good for as long as the stored `credential` (a PHC string, or
    /// empty where there is none) is what it is now, and the second factor the one that counts
    /// `since` then.
    ///
    /// # Errors
    /// There is no key to sign with; the log says why.
    pub fn write(
        &self,
        user: Uuid,
        credential: &str,
        since: DateTime<Utc>,
    ) -> Result<IssuedChallenge, Problem> {
        let now = self.clock.now().timestamp();
        let exp = now.saturating_add(LIFE.num_seconds());
        let (id, stamp) = (Uuid::new_v4(), stamp(credential, since));
        let challenge = Challenge { user, id, iat: now, nbf: now, exp, stamp };
        let text = sign(&self.ring, CHALLENGE_TYPE, (&self.name, &self.name), &challenge)?;
        Ok(IssuedChallenge { text, expires_in: LIFE.num_seconds() })
    }

    /// What the challenge says, if it is ours and its time is now.
    pub async fn read(&self, text: &str) -> Option<Challenge> {
        let read = read::<Challenge>(&self.ring, CHALLENGE_TYPE, &self.validation, text).await;
        read.ok().filter(|challenge| {
            in_time((challenge.nbf.max(challenge.iat), challenge.exp), self.clock.now())
        })
    }
}

/// Tells one stored credential from another, and nothing about either: its salt is random.
fn stamp(credential: &str, since: DateTime<Utc>) -> String {
    let digest = Sha256::new_with_prefix(since.timestamp_micros().to_be_bytes());
    URL_SAFE_NO_PAD.encode(digest.chain_update(credential).finalize())
}
