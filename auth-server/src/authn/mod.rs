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

pub(crate) use extractor::{Caller, Genuine, SignedIn};
pub(crate) use revocation::follower::Follower;
pub(crate) use revocation::publisher::Spread;
pub(crate) use token_error::{GENUINE, SIGNED_IN, TOKEN, TokenProblem, UNCERTAIN};
pub(crate) use verified::Verified;

use crate::clock::Clock;
use crate::session;
use crate::session::Revocation;
use crate::token::{Claims, Verifier};
use revocation::freshness::Freshness;
use revocation::list::Marks;
use token_cache::Cache;

/// Tells callers by their access tokens. A token that was seen before costs a hash and three
/// look-ups in memory; no database, no Redis.
pub(crate) struct Authenticator {
    verifier: Verifier,
    cache: Cache,
    known: Arc<Known>,
    spread: Option<Spread>,
    clock: Clock,
}

/// What this server knows about revocations.
pub(crate) struct Known {
    marks: Marks,
    freshness: Freshness,
    /// Redis was connected, and counts once the database has been asked again.
    connected: Notify,
}

impl Authenticator {
    /// Reads the revocations that still count. What happens afterwards comes by the returned
    /// [`Follower`], which has to be run. With `spread`, other servers are told at once through
    /// Redis, and tokens are only taken while we hear from Redis or the database.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn start(
        pool: PgPool,
        verifier: Verifier,
        spread: Option<redis::Client>,
        most_tokens: usize,
        clock: Clock,
    ) -> sqlx::Result<(Self, Follower)> {
        let freshness = Freshness::new(spread.is_some());
        let (marks, connected) = (Marks::default(), Notify::new());
        let known = Arc::new(Known { marks, freshness, connected });
        let (mut follower, spread) = Follower::new(pool, known.clone(), spread, clock.clone());
        follower.catch_up().await?;
        let cache = Cache::new(most_tokens);
        Ok((Self { verifier, cache, known, spread, clock }, follower))
    }

    /// The caller that this token stands for.
    ///
    /// # Errors
    /// Says why the token is not taken.
    pub(crate) async fn verify(&self, token: &[u8]) -> Result<Arc<Verified>, TokenProblem> {
        let verified = match self.cache.get(token) {
            Some(verified) => verified,
            // Boxed, as it is seldom needed and would be half of the future of every request.
            None => Box::pin(self.read(token)).await?,
        };
        if verified.is_over(self.clock.timestamp()) {
            return Err(TokenProblem::Expired);
        }
        if !self.known.freshness.is_certain() {
            return Err(TokenProblem::RevocationUnknown);
        }
        if self.known.marks.refuse(verified.user, verified.session, verified.session_number) {
            return Err(TokenProblem::Revoked);
        }
        Ok(verified)
    }

    async fn read(&self, token: &[u8]) -> Result<Arc<Verified>, TokenProblem> {
        let claims = self.verifier.verify(text(token)?).await?;
        let verified = Arc::new(Verified::from(claims));
        self.cache.insert(token, verified.clone(), self.clock.timestamp());
        Ok(verified)
    }

    /// What a token of ours says, even one that has expired or was revoked. Good for giving
    /// something up, never for getting something.
    ///
    /// # Errors
    /// The token is not ours.
    pub(crate) async fn genuine(&self, token: &[u8]) -> Result<Claims, TokenProblem> {
        Ok(self.verifier.genuine(text(token)?).await?)
    }

    /// Refuses these tokens from the next request on, here and, as soon as they hear of it, on the
    /// other servers. To be called after the transaction that recorded the revocations, before its
    /// answer goes out.
    pub(crate) fn revoke(&self, revocations: &[Revocation]) {
        for revocation in revocations {
            self.known.marks.add(revocation);
            if let Some(spread) = &self.spread {
                spread.tell(revocation);
            }
        }
    }
}

/// What may be an access token.
fn text(token: &[u8]) -> Result<&str, TokenProblem> {
    let text = std::str::from_utf8(token).map_err(|_| TokenProblem::Malformed)?;
    if text.starts_with(session::PREFIX) { Err(TokenProblem::WrongType) } else { Ok(text) }
}
