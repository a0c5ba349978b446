//! The guest filter: guests who arrive together share one request, and the last filter is kept for the
//! time when auth-server is unavailable.
//!
//! The query uses Elasticsearch's own `now/s` for validity periods, so a cached one stays correct while
//! time passes; only a change of the rules makes it stale.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use service::clock::Clock;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::client::Filter;
use super::{Admitted, AuthError};

/// How long auth-server is not asked for guests after it did not answer in time.
const PAUSE_AFTER_TIMEOUT: Duration = Duration::from_secs(5);
/// The same after any other failure, so that guests who wait for a slow one do not repeat it in turn.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The last filter that auth-server sent for a guest.
pub(super) struct GuestFilter {
    cached: ArcSwapOption<Cached>,
    max_age: TimeDelta,
    /// Held by the one request to auth-server.
    turn: Mutex<()>,
    /// Set while the last request failed: when auth-server may be asked again.
    paused_until: ArcSwapOption<Instant>,
}

struct Cached {
    query: Arc<RawValue>,
    /// When the query becomes incorrect by itself.
    valid_until: Option<DateTime<Utc>>,
    /// The time of the request, by the clock and by the monotonic one, which never goes back.
    requested_at: DateTime<Utc>,
    requested: Instant,
}

impl Cached {
    fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        (now - self.requested_at).max(TimeDelta::zero())
    }

    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_some_and(|end| end <= now)
    }
}

impl GuestFilter {
    /// An empty cache whose filter is used for at most `max_age` while auth-server is unavailable.
    pub(super) fn new(max_age: TimeDelta) -> Self {
        let (cached, paused_until) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Self { cached, max_age, turn: Mutex::new(()), paused_until }
    }

    /// The current filter, which was requested after the call began: by another guest meanwhile, or by
    /// `request`. If auth-server is unavailable, or did not answer in time in the last five seconds, the
    /// cached filter.
    ///
    /// # Errors
    /// That of `request`, if there is no filter to fall back on or it is not about availability.
    pub(super) async fn get(
        &self,
        clock: &Clock,
        request: impl Future<Output = Result<Filter, AuthError>>,
    ) -> Result<Admitted, AuthError> {
        let arrived = Instant::now();
        let Some(_turn) = self.turn().await else {
            return self.stale(clock.now()).ok_or(AuthError::TimedOut);
        };
        if let Some(shared) = self.requested_since(arrived) {
            return Ok(shared);
        }
        match self.fetch(clock, request).await {
            Ok(query) => Ok(Admitted { query, stale: None }),
            Err(error @ (AuthError::Unavailable(_) | AuthError::TimedOut)) => {
                self.stale(clock.now()).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces the filter by that of `request`, unless a guest's request is doing so.
    ///
    /// # Errors
    /// That of `request`.
    pub(super) async fn refresh(
        &self,
        clock: &Clock,
        request: impl Future<Output = Result<Filter, AuthError>>,
    ) -> Result<(), AuthError> {
        let Ok(_turn) = self.turn.try_lock() else { return Ok(()) };
        self.fetch(clock, request).await.map(drop)
    }

    /// The cached filter, whatever its age.
    pub(super) fn last(&self) -> Option<Arc<RawValue>> {
        self.cached.load().as_ref().map(|cached| Arc::clone(&cached.query))
    }

    /// Seconds since the cached filter was requested.
    pub(super) fn age(&self, now: DateTime<Utc>) -> Option<f64> {
        self.cached.load().as_ref().map(|cached| cached.age(now).as_seconds_f64())
    }

    /// The permission to ask auth-server; `None` while it should not be waited for. After a failure one
    /// guest asks again, and the others go on without.
    async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let turn = if self.paused_until.load().is_some() {
            self.turn.try_lock().ok()?
        } else {
            self.turn.lock().await
        };
        // The request that held the turn may have failed.
        let paused = self.paused_until.load().as_ref().is_some_and(|end| Instant::now() < **end);
        (!paused).then_some(turn)
    }

    async fn fetch(
        &self,
        clock: &Clock,
        request: impl Future<Output = Result<Filter, AuthError>>,
    ) -> Result<Arc<RawValue>, AuthError> {
        let (requested, requested_at) = (Instant::now(), clock.now());
        let response = request.await;
        let pause = match &response {
            Err(AuthError::TimedOut) => Some(PAUSE_AFTER_TIMEOUT),
            Err(AuthError::Unavailable(_)) => Some(PAUSE_AFTER_FAILURE),
            _ => None,
        };
        self.paused_until.store(pause.map(|pause| Arc::new(Instant::now() + pause)));
        let Filter { query, valid_until } = response?;
        let cached = Cached { query: Arc::clone(&query), valid_until, requested_at, requested };
        self.cached.store(Some(Arc::new(cached)));
        Ok(query)
    }

    fn requested_since(&self, arrived: Instant) -> Option<Admitted> {
        let cached = self.cached.load_full().filter(|cached| cached.requested >= arrived)?;
        Some(Admitted { query: Arc::clone(&cached.query), stale: None })
    }

    /// The cached query, unless it is too old or past its own end.
    fn stale(&self, now: DateTime<Utc>) -> Option<Admitted> {
        let cached = self.cached.load_full()?;
        let age = cached.age(now);
        if age > self.max_age || cached.has_ended(now) {
            return None;
        }
        let seconds = u32::try_from(age.num_seconds()).ok()?;
        Some(Admitted { query: Arc::clone(&cached.query), stale: Some(seconds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn filter(valid_until: &Value) -> Filter {
        let query = json!({ "term": { "id": "a" } });
        let filter = json!({ "kind": "some", "query": query, "valid_until": valid_until });
        serde_json::from_value(filter).unwrap()
    }

    async fn requested(guest: &GuestFilter, clock: &Clock, valid_until: &Value) {
        let filter = filter(valid_until);
        guest.refresh(clock, async { Ok(filter) }).await.unwrap();
    }

    async fn with(guest: &GuestFilter, clock: &Clock, error: AuthError) -> Option<Option<u32>> {
        let admitted = guest.get(clock, async { Err(error) }).await;
        admitted.ok().map(|admitted| admitted.stale)
    }

    fn refused() -> AuthError {
        AuthError::Unavailable("refused".into())
    }

    #[tokio::test]
    async fn a_cached_filter_is_used_until_its_maximum_age() {
        let (guest, clock) = (GuestFilter::new(TimeDelta::seconds(60)), Clock::default());
        assert_eq!(with(&guest, &clock, refused()).await, None);
        requested(&guest, &clock, &Value::Null).await;
        clock.advance(TimeDelta::seconds(59));
        assert_eq!(with(&guest, &clock, refused()).await, Some(Some(59)));
        clock.advance(TimeDelta::seconds(2));
        assert_eq!(with(&guest, &clock, refused()).await, None);
    }

    #[tokio::test]
    async fn a_filter_with_an_end_is_not_used_past_it() {
        let (guest, clock) = (GuestFilter::new(TimeDelta::seconds(60)), Clock::default());
        let end = clock.now() + TimeDelta::seconds(10);
        requested(&guest, &clock, &json!(end)).await;
        assert!(with(&guest, &clock, refused()).await.is_some());
        clock.advance(TimeDelta::seconds(10));
        assert_eq!(with(&guest, &clock, refused()).await, None);
    }

    #[tokio::test]
    async fn a_refusal_is_not_answered_with_a_cached_filter() {
        let (guest, clock) = (GuestFilter::new(TimeDelta::seconds(60)), Clock::default());
        requested(&guest, &clock, &Value::Null).await;
        assert_eq!(with(&guest, &clock, AuthError::ClientRefused("invalid_client")).await, None);
    }

    #[tokio::test]
    async fn after_a_timeout_no_guest_waits() {
        let (guest, clock) = (GuestFilter::new(TimeDelta::seconds(60)), Clock::default());
        requested(&guest, &clock, &Value::Null).await;
        assert_eq!(with(&guest, &clock, AuthError::TimedOut).await, Some(Some(0)));
        let never = std::future::pending();
        assert_eq!(guest.get(&clock, never).await.unwrap().stale, Some(0));
    }

    #[tokio::test]
    async fn guests_who_arrive_together_share_a_request() {
        let (guest, clock) = (GuestFilter::new(TimeDelta::seconds(60)), Clock::default());
        let (answer, answered) = tokio::sync::oneshot::channel::<Filter>();
        let first = guest.get(&clock, async { Ok(answered.await.unwrap()) });
        // The second waits for the first, which was requested before it arrived, and asks itself; the
        // third gets what the second asked for.
        let second = guest.get(&clock, async { Ok(filter(&Value::Null)) });
        let third = guest.get(&clock, std::future::pending());
        let reply = async { answer.send(filter(&Value::Null)).map_err(drop) };
        let (first, second, third, _) = tokio::join!(first, second, third, reply);
        assert!(first.is_ok() && second.is_ok() && third.is_ok());
    }
}
