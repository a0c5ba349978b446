//! The counts of all servers, in Redis. Each step is one script, so that it is done whole.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{FromRedisValue, RedisResult, Script};

use super::counter::{Counted, in_redis};
use super::limits::Limits;
use super::{Admission, Fate};

/// Silence after which Redis is away.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long Redis is then left alone: not every login shall wait for it in vain.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Shared {
    redis: ConnectionManager,
    admit: Script,
    settle: Script,
    away_since: Mutex<Option<Instant>>,
}

impl Shared {
    /// To be called on a tokio runtime. Connects when it is first asked.
    pub(crate) fn new(redis: redis::Client) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        Ok(Self {
            redis: ConnectionManager::new_lazy_with_config(redis, config)?,
            admit: Script::new(concat!(include_str!("common.lua"), include_str!("admit.lua"))),
            settle: Script::new(concat!(include_str!("common.lua"), include_str!("settle.lua"))),
            away_since: Mutex::default(),
        })
    }

    /// `None` where Redis is away.
    pub(crate) async fn admit(
        &self,
        counted: &[Counted],
        now: i64,
        limits: &Limits,
    ) -> Option<Admission> {
        let script = prepare(&self.admit, counted.iter(), now, limits);
        let (wait, which) = self.invoke::<(i64, usize)>(&script).await?;
        Some(match which.checked_sub(1) {
            None => Admission::Admitted,
            Some(number) => Admission::Refused { wait, number },
        })
    }

    /// Where Redis is away, it doesn't learn of it.
    pub(crate) async fn settle(&self, counted: &[(Counted, Fate)], now: i64, limits: &Limits) {
        let mut script = prepare(&self.settle, counted.iter().map(|(one, _)| one), now, limits);
        for (_, fate) in counted {
            script.arg(match fate {
                Fate::Failed => "failed",
                Fate::Released => "released",
                Fate::Forgotten => "forgotten",
            });
        }
        self.invoke::<()>(&script).await;
    }

    async fn invoke<T: FromRedisValue>(&self, script: &redis::ScriptInvocation<'_>) -> Option<T> {
        if self.away().is_some_and(|since| since.elapsed() < PAUSE) {
            return None;
        }
        let answer = script.invoke_async(&mut self.redis.clone()).await;
        let was_away = self.away();
        match (&answer, was_away) {
            (Err(error), None) => {
                tracing::warn!(%error, "Redis is away: failed logins are counted by each server");
            }
            (Ok(_), Some(_)) => tracing::info!("Redis counts failed logins again"),
            _ => {}
        }
        let away_since = answer.is_err().then(Instant::now);
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = away_since;
        answer.ok()
    }

    fn away(&self) -> Option<Instant> {
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare<'a>(
    script: &'a Script,
    counted: impl Iterator<Item = &'a Counted> + Clone,
    now: i64,
    limits: &Limits,
) -> redis::ScriptInvocation<'a> {
    let mut invocation = script.prepare_invoke();
    for one in counted.clone() {
        invocation.key(in_redis(&one.key));
    }
    invocation.arg(now).arg(limits.memory).arg(limits.waits());
    for one in counted {
        invocation.arg(one.tries);
    }
    invocation
}
