//! Authentication: from the bytes of an access token to a principal whose session is not revoked.

pub(crate) mod authorized_admin;
pub(crate) mod extractor;
pub(crate) mod principal;
pub(crate) mod revocation;
pub(crate) mod service_client;
pub(crate) mod subject;
pub(crate) mod token_cache;
pub(crate) mod token_error;
pub(crate) mod trusted_reader;

use std::sync::Arc;

use chrono::TimeDelta;

pub(crate) use extractor::{Caller, SignedClaims, SignedIn};
pub(crate) use principal::Principal;
pub(crate) use revocation::follower::Follower;
pub(crate) use revocation::publisher::publish_now;
pub(crate) use service_client::{CLIENT, ServiceClient};
pub(crate) use subject::{EvaluationSubject, FilterSubject};
pub(crate) use token_error::{
    NO_SUBJECT, REVOCATION_UNKNOWN, SIGNED_CLAIMS, SIGNED_IN, TOKEN, TokenError,
};
pub(crate) use trusted_reader::{EnforcementPoint, Explaining, PolicyReading, TrustedReader};

use crate::client::ClientDirectory;
use crate::clock::Clock;
use crate::db::DedicatedConnection;
use crate::redis::Redis;
use crate::session;
use crate::session::{Horizon, Revocation};
use crate::token::{Claims, IssuedToken, Verifier};
use revocation::RevocationState;
use revocation::publisher::RevocationPublisher;
use token_cache::TokenCache;

/// Authenticates callers by their access tokens. A cached token costs one hash and three look-ups in
/// memory; no database and no Redis are involved.
pub(crate) struct Authenticator {
    verifier: Verifier,
    cache: TokenCache,
    revocations: Arc<RevocationState>,
    publisher: Option<RevocationPublisher>,
    clients: ClientDirectory,
    clock: Clock,
}

impl Authenticator {
    /// Loads the active revocations. Later ones arrive through the returned [`Follower`], which has
    /// to be run. With `redis`, revocations are published to other servers at once, and tokens are
    /// accepted only while Redis or the database confirms that all revocations are known.
    pub(crate) async fn start(
        connection: DedicatedConnection<Horizon>,
        clients: ClientDirectory,
        verifier: Verifier,
        redis: Option<Redis>,
        cache_capacity: usize,
        clock: Clock,
    ) -> sqlx::Result<(Self, Follower)> {
        let revocations = Arc::new(RevocationState::new(redis.is_some()));
        let (publisher, stream) = redis.map(revocation::publisher::channel).unzip();
        let mut follower = Follower::new(connection, revocations.clone(), stream, clock.clone());
        follower.catch_up().await?;
        let cache = TokenCache::new(cache_capacity);
        Ok((Self { verifier, cache, revocations, publisher, clients, clock }, follower))
    }

    /// The service clients; to be told of every write.
    pub(crate) const fn clients(&self) -> &ClientDirectory {
        &self.clients
    }

    /// The principal of an access token.
    pub(crate) async fn verify(&self, token: &[u8]) -> Result<Arc<Principal>, TokenError> {
        let principal = match self.cache.get(token) {
            Some(principal) => principal,
            // Boxed: rarely needed, and otherwise half of the future of every request.
            None => Box::pin(self.verify_uncached(token)).await?,
        };
        if principal.is_expired(self.clock.timestamp()) {
            return Err(TokenError::Expired);
        }
        if !self.revocations.freshness.is_current() {
            return Err(TokenError::RevocationUnknown);
        }
        let Principal { user, session, session_number, .. } = *principal;
        if self.revocations.list.contains(user, session, session_number) {
            return Err(TokenError::Revoked);
        }
        Ok(principal)
    }

    async fn verify_uncached(&self, token: &[u8]) -> Result<Arc<Principal>, TokenError> {
        let verified = self.verifier.verify(text(token)?).await?;
        let principal = Arc::new(Principal::from(verified));
        self.cache.insert(token, principal.clone(), self.clock.timestamp());
        Ok(principal)
    }

    /// The claims of an access token, even if it is expired or revoked. They may be used to give up
    /// a session, never to gain access.
    pub(crate) async fn verify_signature(&self, token: &[u8]) -> Result<Claims, TokenError> {
        Ok(self.verifier.verify_signature(text(token)?).await?)
    }

    /// What an access token of a session that lasts at most `kept` says about it, even if it is expired
    /// or revoked: evidence that a client has the tokens of the session, never access by itself.
    pub(crate) async fn verify_issued(
        &self,
        token: &str,
        kept: TimeDelta,
    ) -> sqlx::Result<Option<IssuedToken>> {
        self.verifier.verify_issued(token, kept).await
    }

    /// Refuses the revoked tokens from the next request on: here, and on other servers once they
    /// receive the revocation. To be called after the transaction that recorded the revocations and
    /// before the response is sent.
    pub(crate) fn revoke(&self, revocations: &[Revocation]) {
        for revocation in revocations {
            self.revocations.list.add(revocation);
            if let Some(publisher) = &self.publisher {
                publisher.publish(revocation);
            }
        }
    }
}

/// The text of a possible access token.
fn text(token: &[u8]) -> Result<&str, TokenError> {
    let text = std::str::from_utf8(token).map_err(|_| TokenError::Malformed)?;
    if text.starts_with(session::PREFIX) { Err(TokenError::WrongType) } else { Ok(text) }
}
