//! Who is calling: from the bytes of an access token to a user, and nothing that was revoked.

pub(crate) mod authorized_admin;
pub(crate) mod extractor;
pub(crate) mod revocation;
pub(crate) mod token_cache;
pub(crate) mod token_error;
pub(crate) mod verified;

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;

pub(crate) use extractor::{Caller, SignedClaims, SignedIn};
pub(crate) use revocation::follower::Follower;
pub(crate) use revocation::publisher::RevocationPublisher;
pub(crate) use token_error::{REVOCATION_UNKNOWN, SIGNED_CLAIMS, SIGNED_IN, TOKEN, TokenError};
pub(crate) use verified::Principal;

use crate::clock::Clock;
use crate::session;
use crate::session::Revocation;
use crate::token::{Claims, Verifier};
use revocation::freshness::Freshness;
use revocation::list::RevocationList;
use token_cache::TokenCache;

/// Tells callers by their access tokens. A token that was seen before costs a hash and three
/// look-ups in memory; no database, no Redis.
pub(crate) struct Authenticator {
    verifier: Verifier,
    cache: TokenCache,
    state: Arc<RevocationState>,
    publisher: Option<RevocationPublisher>,
    clock: Clock,
}

/// What this server knows about revocations.
pub(crate) struct RevocationState {
    list: RevocationList,
    freshness: Freshness,
    /// Redis was connected, and counts once the database has been asked again.
    connected: Notify,
}

impl Authenticator {
    /// Reads the revocations that still count. What happens afterwards comes by the returned
    /// [`Follower`], which has to be run. With `redis`, other servers are told at once through
    /// Redis, and tokens are only taken while we hear from Redis or the database.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn start(
        pool: PgPool,
        verifier: Verifier,
        redis: Option<redis::Client>,
        cache_capacity: usize,
        clock: Clock,
    ) -> sqlx::Result<(Self, Follower)> {
        let freshness = Freshness::new(redis.is_some());
        let (list, connected) = (RevocationList::default(), Notify::new());
        let state = Arc::new(RevocationState { list, freshness, connected });
        let (mut follower, publisher) = Follower::new(pool, state.clone(), redis, clock.clone());
        follower.catch_up().await?;
        let cache = TokenCache::new(cache_capacity);
        Ok((Self { verifier, cache, state, publisher, clock }, follower))
    }

    /// The caller that this token stands for.
    ///
    /// # Errors
    /// Says why the token is not taken.
    pub(crate) async fn verify(&self, token: &[u8]) -> Result<Arc<Principal>, TokenError> {
        let verified = match self.cache.get(token) {
            Some(verified) => verified,
            // Boxed, as it is seldom needed and would be half of the future of every request.
            None => Box::pin(self.read(token)).await?,
        };
        if verified.is_expired(self.clock.timestamp()) {
            return Err(TokenError::Expired);
        }
        if !self.state.freshness.is_current() {
            return Err(TokenError::RevocationUnknown);
        }
        if self.state.list.contains(verified.user, verified.session, verified.session_number) {
            return Err(TokenError::Revoked);
        }
        Ok(verified)
    }

    async fn read(&self, token: &[u8]) -> Result<Arc<Principal>, TokenError> {
        let claims = self.verifier.verify(text(token)?).await?;
        let verified = Arc::new(Principal::from(claims));
        self.cache.insert(token, verified.clone(), self.clock.timestamp());
        Ok(verified)
    }

    /// What a token of ours says, even one that has expired or was revoked. Good for giving
    /// something up, never for getting something.
    ///
    /// # Errors
    /// The token is not ours.
    pub(crate) async fn verify_signature(&self, token: &[u8]) -> Result<Claims, TokenError> {
        Ok(self.verifier.verify_signature(text(token)?).await?)
    }

    /// Refuses these tokens from the next request on, here and, as soon as they hear of it, on the
    /// other servers. To be called after the transaction that recorded the revocations, before its
    /// answer goes out.
    pub(crate) fn revoke(&self, revocations: &[Revocation]) {
        for revocation in revocations {
            self.state.list.add(revocation);
            if let Some(publisher) = &self.publisher {
                publisher.publish(revocation);
            }
        }
    }
}

/// What may be an access token.
fn text(token: &[u8]) -> Result<&str, TokenError> {
    let text = std::str::from_utf8(token).map_err(|_| TokenError::Malformed)?;
    if text.starts_with(session::PREFIX) { Err(TokenError::WrongType) } else { Ok(text) }
}
