//! Slows down guessing: each failed attempt adds a lockout delay, which grows but never becomes
//! permanent.
//!
//! Failures are counted by account + IP, by account and by IP, in Redis or, while that is unavailable,
//! in this process. Neither rejected nor successful attempts are counted, but an attempt in progress
//! is until it has ended: a burst is not admitted beyond what its failures would leave. Attempts for
//! which there is no room yet wait, because the others may succeed. IP addresses from which an
//! account was used recently are not affected by the failures of others at that account.
//!
//! Registrations and e-mail, which have no failures, are limited in number.

pub(crate) mod concurrency;
pub(crate) mod counter;
pub(crate) mod email;
pub(crate) mod limits;
pub(crate) mod local;
pub(crate) mod rate;
pub(crate) mod registration;
mod settlement;
pub(crate) mod shared;
mod shares;
mod waiting;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

pub(crate) use limits::ThrottleLimits;
pub(crate) use registration::RegistrationLimits;
pub(crate) use settlement::LateSettlements;

use crate::clock::Clock;
use crate::crypto::DerivedKey;
use crate::db::PgPool;
use crate::http::network;
use crate::http::problem::{Problem, RateLimit, Spec};
use crate::login_history::Lockout;
use crate::password;
use crate::redis::Redis;
use crate::session;
use concurrency::{ConcurrencyLimiter, ConcurrencyPermit};
use counter::{Counter, CounterKey, CounterKeys, CounterKind};
use local::LocalCounters;
use rate::LocalRates;
use settlement::Settlement;
use shared::SharedCounters;
use waiting::WaitingLines;

/// The attempt was rejected because of earlier ones.
pub(crate) const TOO_MANY: Spec =
    Spec::new(429, "too_many_attempts", "Too many attempts; try again later.");

/// Why a throttled attempt is rejected before it is verified.
pub(crate) const THROTTLE: &[Spec] = &[TOO_MANY, password::BUSY];

/// How long the use of an account from an IP address counts as recent.
const RECENT: TimeDelta = TimeDelta::days(30);

/// How long an attempt waits for others in progress.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How often a waiting attempt asks for those of other servers, which end unnoticed.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Counts failed attempts, and admits or rejects the next ones.
pub(crate) struct Throttle {
    keys: CounterKeys,
    limits: ThrottleLimits,
    local: LocalCounters,
    shared: Option<Arc<SharedCounters>>,
    rates: LocalRates,
    registrations: RegistrationLimits,
    concurrency: ConcurrencyLimiter,
    codes: ConcurrencyLimiter,
    waiting: WaitingLines,
    clock: Clock,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The secret was correct.
    Succeeded,
    /// The secret was incorrect.
    Failed,
    /// The secret could not be verified.
    Unverified,
}

/// Why an attempt must not be made.
pub(crate) struct Refusal {
    pub problem: Problem,
    /// The lockout of the account, if that is the reason.
    pub lockout: Option<Lockout>,
}

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self { problem: error.into(), lockout: None }
    }
}

/// The permission to make one attempt. [`ThrottlePermit::settle`] must be called with its outcome;
/// otherwise the attempt counts as in progress for a while.
#[must_use]
pub(crate) struct ThrottlePermit<'a> {
    throttle: &'a Throttle,
    counters: Vec<Counter>,
    attempt: Uuid,
    _concurrency: Option<ConcurrencyPermit<'a>>,
}

/// Which account a login attempt is made at, and from where.
#[derive(Clone, Copy)]
pub(crate) struct LoginSource<'a> {
    /// The login or e-mail address as typed, normalized.
    pub login: &'a str,
    /// The account that it names, if there is one.
    pub user: Option<Uuid>,
    /// Client address.
    pub address: IpAddr,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    /// Rejected for another `delay` ms, because of the counter with this index and its last failure
    /// at `since`, Unix time in ms.
    Rejected {
        delay: i64,
        counter: usize,
        since: i64,
    },
    /// Attempts in progress are as many as the counter with this index admits.
    Occupied {
        counter: usize,
    },
}

impl Admission {
    /// Index of the counter that does not admit the attempt.
    const fn counter(self) -> Option<usize> {
        match self {
            Self::Admitted => None,
            Self::Rejected { counter, .. } | Self::Occupied { counter } => Some(counter),
        }
    }
}

/// How a counter changes at the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CounterUpdate {
    /// Add a failure.
    Failed,
    /// Leave the failures as they are.
    Released,
    /// Reset to zero failures.
    Reset,
}

impl Throttle {
    /// Counts in `redis`, if configured; then the returned [`LateSettlements`] have to be run. At most
    /// `max_concurrent` attempts are in progress at a time.
    pub(crate) fn new(
        key: DerivedKey,
        limits: ThrottleLimits,
        registrations: RegistrationLimits,
        redis: Option<Redis>,
        max_concurrent: usize,
        clock: Clock,
    ) -> (Self, Option<LateSettlements>) {
        let (shared, late) = redis.map(|redis| SharedCounters::new(redis, &limits)).unzip();
        let per_account = limits.attempts(CounterKind::AccountAndAddress);
        let per_account = usize::try_from(per_account).unwrap_or(usize::MAX);
        let this = Self {
            keys: CounterKeys::new(key),
            limits,
            local: LocalCounters::default(),
            shared,
            rates: LocalRates::default(),
            registrations,
            concurrency: ConcurrencyLimiter::new(per_account, max_concurrent),
            codes: ConcurrencyLimiter::new(1, max_concurrent),
            waiting: WaitingLines::default(),
            clock,
        };
        (this, late)
    }

    /// Waits for the turn of an attempt at this login. To be called before anything else is done for
    /// it, because it bounds the attempts that are in progress or wait.
    ///
    /// # Errors
    /// [`password::BUSY`].
    pub(crate) async fn turn(&self, login: &str) -> Result<ConcurrencyPermit<'_>, Problem> {
        self.concurrency.acquire(&self.keys.account(login)).await.ok_or_else(password::busy)
    }

    /// Waits for the turn of an attempt with a code of this user's second factor. Attempts of one user also wait
    /// for each other in the database; here they hold no connection meanwhile.
    ///
    /// # Errors
    /// [`TOO_MANY`].
    pub(crate) async fn code_turn(&self, user: Uuid) -> Result<ConcurrencyPermit<'_>, Problem> {
        let turn = self.codes.acquire(&self.keys.user("second-factor", user)).await;
        turn.ok_or_else(|| Problem::new(TOO_MANY).retry_after(1))
    }

    /// Admits an attempt to log in, whose turn it is.
    ///
    /// # Errors
    /// [`THROTTLE`], or the database is unavailable.
    pub(crate) async fn begin_login<'a>(
        &'a self,
        turn: ConcurrencyPermit<'a>,
        pool: &PgPool,
        LoginSource { login, user, address }: LoginSource<'_>,
    ) -> Result<ThrottlePermit<'a>, Refusal> {
        const ACCOUNT: usize = 2;
        let network = network::of(address);
        let account = self.counter(CounterKind::Account, self.keys.account(login));
        let both = self.keys.account_and_address(login, network);
        let mut counters = vec![
            self.counter(CounterKind::AccountAndAddress, both),
            self.counter(CounterKind::Address, self.keys.address(network)),
            account,
        ];
        let attempt = Uuid::now_v7();
        let mut admission = self.try_admit(&counters, attempt).await;
        if admission.counter() == Some(ACCOUNT) {
            let since = self.clock.now() - RECENT;
            if session::was_used_from(pool, user, &network.to_string(), since).await? {
                counters.truncate(ACCOUNT);
            }
        }
        if admission != Admission::Admitted {
            admission = self.admit(&counters, attempt).await;
        }
        self.permit(counters, attempt, admission, Some(turn))
    }

    /// Admits an attempt that names no account. Such attempts do not wait for a turn: they may take
    /// long.
    ///
    /// # Errors
    /// [`TOO_MANY`].
    pub(crate) async fn begin_anonymous(
        &self,
        address: IpAddr,
    ) -> Result<ThrottlePermit<'_>, Problem> {
        let counter = self.counter(CounterKind::Address, self.keys.address(network::of(address)));
        let attempt = Uuid::now_v7();
        let admission = self.admit(&[counter], attempt).await;
        self.permit(vec![counter], attempt, admission, None).map_err(|refusal| refusal.problem)
    }

    /// Admits a reauthentication attempt of a logged-in user. Attempts of each `purpose`, which is
    /// named in the `RateLimit` header, are counted separately.
    ///
    /// # Errors
    /// [`THROTTLE`].
    pub(crate) async fn begin_reauthentication(
        &self,
        user: Uuid,
        purpose: &'static str,
    ) -> Result<ThrottlePermit<'_>, Problem> {
        let counter = self.counter(CounterKind::User(purpose), self.keys.user(purpose, user));
        let turn = self.concurrency.acquire(&counter.key).await.ok_or_else(password::busy)?;
        let attempt = Uuid::now_v7();
        let admission = self.admit(&[counter], attempt).await;
        let permit = self.permit(vec![counter], attempt, admission, Some(turn));
        permit.map_err(|refusal| refusal.problem)
    }

    const fn counter(&self, kind: CounterKind, key: CounterKey) -> Counter {
        Counter { kind, key, attempts: self.limits.attempts(kind) }
    }

    /// Waits while attempts in progress leave no room for another, up to [`MAX_WAIT`]. Of those that
    /// wait for the same counter, the first asks for all.
    async fn admit(&self, counters: &[Counter], attempt: Uuid) -> Admission {
        let give_up = Instant::now() + MAX_WAIT;
        let mut admission = self.try_admit(counters, attempt).await;
        let Admission::Occupied { counter } = admission else { return admission };
        let Some(line) = counters.get(counter).map(|one| self.waiting.line(&one.key)) else {
            return admission;
        };
        let Ok(_first) = timeout_at(give_up, line.first.lock()).await else { return admission };
        loop {
            admission = self.try_admit(counters, attempt).await;
            if !matches!(admission, Admission::Occupied { .. }) || Instant::now() >= give_up {
                return admission;
            }
            let _ = timeout(POLL_INTERVAL, line.ended.notified()).await;
        }
    }

    async fn try_admit(&self, counters: &[Counter], attempt: Uuid) -> Admission {
        let now = self.clock.now().timestamp_millis();
        if let Some(shared) = &self.shared
            && let Some(admission) = shared.admit(counters, attempt, now, &self.limits).await
        {
            if admission == Admission::Admitted {
                // When Redis becomes unavailable, this process continues from here.
                self.local.reserve(counters, attempt, now);
            }
            return admission;
        }
        self.local.admit(counters, attempt, now, &self.limits)
    }

    fn permit<'a>(
        &'a self,
        counters: Vec<Counter>,
        attempt: Uuid,
        admission: Admission,
        concurrency: Option<ConcurrencyPermit<'a>>,
    ) -> Result<ThrottlePermit<'a>, Refusal> {
        let (delay, counter, since) = match admission {
            Admission::Rejected { delay, counter, since } => (delay, counter, Some(since)),
            Admission::Occupied { counter } => (0, counter, None),
            Admission::Admitted => {
                let permit =
                    ThrottlePermit { throttle: self, counters, attempt, _concurrency: concurrency };
                return Ok(permit);
            }
        };
        let seconds = seconds(delay);
        let detail = format!("Try again in {seconds} s; until then no password is verified.");
        let problem = self.too_many(&counters, counter, seconds).detail(detail);
        // A lockout of the address is no event of the account.
        let of_account = counters.get(counter).is_some_and(|one| one.kind != CounterKind::Address);
        let since = since.filter(|_| of_account).and_then(DateTime::from_timestamp_millis);
        Err(Refusal { problem, lockout: since.map(|began| Lockout { began }) })
    }

    fn too_many(&self, counters: &[Counter], counter: usize, seconds: u32) -> Problem {
        let problem = Problem::new(TOO_MANY).retry_after(seconds);
        match counters.get(counter) {
            None => problem,
            Some(counter) => problem.rate_limit(RateLimit {
                policy: counter.kind.name(),
                quota: counter.attempts,
                window: self.limits.memory / 1_000,
                reset: seconds,
            }),
        }
    }

    /// Ends an attempt.
    async fn update(&self, attempt: Uuid, updates: &[(Counter, CounterUpdate)]) {
        let now = self.clock.now().timestamp_millis();
        // Also if Redis counts: when it becomes unavailable, this process continues from here.
        self.local.update(updates, attempt, now, &self.limits);
        if let Some(shared) = &self.shared {
            let updates = updates.to_vec();
            shared.update(Settlement { attempt, updates, at: now }, &self.limits).await;
        }
        for (counter, _) in updates {
            self.waiting.line(&counter.key).ended.notify_one();
        }
    }
}

/// A delay in whole seconds, rounded up.
fn seconds(milliseconds: i64) -> u32 {
    let seconds = milliseconds.max(1).cast_unsigned().div_ceil(1_000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

impl ThrottlePermit<'_> {
    /// Ends the attempt.
    pub(crate) async fn settle(self, outcome: AttemptOutcome) {
        let update = |kind| match (outcome, kind) {
            (AttemptOutcome::Failed, _) => CounterUpdate::Failed,
            // A success resets no counter that others share: an attacker's own account must not give
            // attempts at others, nor the owner's login give attempts to an attacker.
            (AttemptOutcome::Succeeded, CounterKind::AccountAndAddress | CounterKind::User(_)) => {
                CounterUpdate::Reset
            }
            (AttemptOutcome::Succeeded | AttemptOutcome::Unverified, _) => CounterUpdate::Released,
        };
        let updates: Vec<_> =
            self.counters.iter().map(|counter| (*counter, update(counter.kind))).collect();
        self.throttle.update(self.attempt, &updates).await;
    }
}
