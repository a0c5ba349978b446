//! Counters of all servers, in Redis. Each step is one Lua script, and thereby atomic.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{FromRedisValue, Script};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::counter::{Counter, LEASE, pending_key, redis_key};
use super::limits::ThrottleLimits;
use super::rate::{Rate, milliseconds};
use super::settlement::{self, LateSettlements, Settlement};
use super::{Admission, CounterUpdate};
use crate::redis::{ReconnectingRedis, Redis};

/// After this long without a response Redis is unavailable.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How long Redis is not asked then, so that logins do not all wait for the timeout.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct SharedCounters {
    redis: ReconnectingRedis,
    admit: Script,
    update: Script,
    rate: Script,
    late: mpsc::Sender<Settlement>,
    unavailable_since: Mutex<Option<Instant>>,
}

impl SharedCounters {
    /// Connects lazily. Ends of attempts that it does not learn of in time arrive through the returned
    /// [`LateSettlements`], which have to be run.
    pub(crate) fn new(redis: Redis, limits: &ThrottleLimits) -> (Arc<Self>, LateSettlements) {
        let (late, waiting) = mpsc::channel(settlement::CAPACITY);
        let shared = Arc::new(Self {
            redis: ReconnectingRedis::new(redis, TIMEOUT),
            admit: Script::new(concat!(include_str!("common.lua"), include_str!("admit.lua"))),
            update: Script::new(concat!(include_str!("common.lua"), include_str!("update.lua"))),
            rate: Script::new(include_str!("rate.lua")),
            late,
            unavailable_since: Mutex::default(),
        });
        let limits = limits.clone();
        (Arc::clone(&shared), LateSettlements { shared, limits, waiting })
    }

    /// None if Redis is unavailable.
    pub(crate) async fn admit(
        &self,
        counters: &[Counter],
        attempt: Uuid,
        now: i64,
        limits: &ThrottleLimits,
    ) -> Option<Admission> {
        let script = prepare(&self.admit, counters.iter(), attempt, now, limits);
        let answer = self.invoke(&script).await;
        answer.map(|(delay, which, since)| admission(delay, which, since))
    }

    /// Admits one more of each, or of none. None if Redis is unavailable. `now` in µs.
    pub(crate) async fn admit_rates(&self, rates: &[Rate], now: i64) -> Option<Admission> {
        let mut script = self.rate.prepare_invoke();
        script.arg(now);
        for rate in rates {
            script.key(redis_key(&rate.key));
            script.arg(rate.interval_micros()).arg(rate.period_micros());
        }
        let answer = self.invoke(&script).await;
        answer.map(|(delay, which)| admission(milliseconds(delay), which, milliseconds(now)))
    }

    /// Ends an attempt: now or, if Redis is unavailable, later.
    pub(crate) async fn update(&self, settlement: Settlement, limits: &ThrottleLimits) {
        if !self.settle(&settlement, limits).await && self.late.try_send(settlement.late()).is_err()
        {
            tracing::warn!("Redis does not learn how an attempt ended: too many ends wait for it");
        }
    }

    /// Ends an attempt. False if Redis is unavailable.
    pub(super) async fn settle(&self, settlement: &Settlement, limits: &ThrottleLimits) -> bool {
        let Settlement { attempt, updates, at } = settlement;
        let counters = updates.iter().map(|(counter, _)| counter);
        let mut script = prepare(&self.update, counters, *attempt, *at, limits);
        for (_, update) in updates {
            script.arg(match update {
                CounterUpdate::Failed => "failed",
                CounterUpdate::Released => "released",
                CounterUpdate::Reset => "reset",
            });
        }
        self.invoke::<()>(&script).await.is_some()
    }

    async fn invoke<T: FromRedisValue>(&self, script: &redis::ScriptInvocation<'_>) -> Option<T> {
        if self.unavailable_since().is_some_and(|since| since.elapsed() < RETRY_INTERVAL) {
            return None;
        }
        let response = script.invoke_async(&mut self.redis.clone()).await;
        let was_unavailable = self.unavailable_since();
        match (&response, was_unavailable) {
            (Err(error), None) => {
                tracing::warn!(%error, "Redis unavailable: each server counts failed attempts by itself");
            }
            (Ok(_), Some(_)) => tracing::info!("Redis counts failed attempts again"),
            _ => {}
        }
        let unavailable_since = response.is_err().then(Instant::now);
        *self.unavailable_since.lock().unwrap_or_else(PoisonError::into_inner) = unavailable_since;
        response.ok()
    }

    fn unavailable_since(&self) -> Option<Instant> {
        *self.unavailable_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer of a script: the delay, the number of the counter that does not admit the attempt, if
/// any, and the time of its last failure.
fn admission(delay: i64, which: usize, since: i64) -> Admission {
    match which.checked_sub(1) {
        None => Admission::Admitted,
        Some(counter) if delay > 0 => Admission::Rejected { delay, counter, since },
        Some(counter) => Admission::Occupied { counter },
    }
}

fn prepare<'a>(
    script: &'a Script,
    counters: impl Iterator<Item = &'a Counter> + Clone,
    attempt: Uuid,
    now: i64,
    limits: &ThrottleLimits,
) -> redis::ScriptInvocation<'a> {
    let mut invocation = script.prepare_invoke();
    for counter in counters.clone() {
        invocation.key(redis_key(&counter.key));
    }
    for counter in counters.clone() {
        invocation.key(pending_key(&counter.key));
    }
    invocation.arg(now).arg(limits.memory).arg(limits.delays());
    invocation.arg(attempt.to_string()).arg(LEASE);
    for counter in counters {
        invocation.arg(counter.attempts);
    }
    invocation
}
