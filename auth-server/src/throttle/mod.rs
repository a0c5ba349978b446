//! Slowing down whoever guesses: soft locks that grow with each failed try and never stay.
//!
//! Failures are counted for login and address together, for the login and for the address, in Redis
//! or, while that is away, in this process. What is refused is not counted, nor is what succeeds.
//! An address from which a login was used lately has nothing to do with the failures of others at it.

pub(crate) mod concurrency;
pub(crate) mod counter;
pub(crate) mod limits;
pub(crate) mod mail;
pub(crate) mod memory;
pub(crate) mod shared;

use std::net::IpAddr;

use chrono::TimeDelta;
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use limits::{Limits, Tries};

use crate::clock::Clock;
use crate::crypto::DerivedKey;
use crate::http::problem::{Problem, RateLimit, Spec};
use crate::password;
use crate::session;
use concurrency::{Gate, Permit};
use counter::{Counted, Kind, Names, network};
use mail::Turns;
use memory::Memory;
use shared::Shared;

/// What stands in the way of a try after too many failed ones.
pub(crate) const TOO_MANY: Spec =
    Spec::new(429, "too_many_attempts", "There were too many failed tries; wait a moment.");

/// What a try that is throttled can answer before it is made.
pub(crate) const THROTTLE: &[Spec] = &[TOO_MANY, password::BUSY];

/// How long an address counts as known to a login that was used from there.
const LATELY: TimeDelta = TimeDelta::days(30);

/// Counts failed tries and says when the next may be made.
pub(crate) struct Throttle {
    names: Names,
    limits: Limits,
    memory: Memory,
    shared: Option<Shared>,
    gate: Gate,
    turns: Turns,
    clock: Clock,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The secret was right.
    Succeeded,
    /// The secret was wrong.
    Failed,
    /// Nobody knows: it could not be checked.
    Unverified,
}

/// A try that may be made. Its end has to be told.
#[must_use]
pub(crate) struct ThrottlePermit<'a> {
    throttle: &'a Throttle,
    counted: Vec<Counted>,
    _permit: Option<Permit<'a>>,
}

/// Where a login attempt is made, and from where.
#[derive(Clone, Copy)]
pub(crate) struct LoginSource<'a> {
    /// The login or e-mail address as typed, in the form in which logins are compared.
    pub login: &'a str,
    /// The account that it names.
    pub user: Option<Uuid>,
    /// Client address.
    pub address: IpAddr,
}

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    /// Not for `wait` ms, because of the `number`th count.
    Refused {
        wait: i64,
        number: usize,
    },
}

/// What becomes of a count when a try has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// One failure more.
    Failed,
    /// As if the try had not been made.
    Released,
    /// No failures.
    Forgotten,
}

impl Throttle {
    /// Counts in `redis`, if there is one. At most `most` tries are under way at a time.
    ///
    /// # Errors
    /// Redis can't be used as it is configured.
    pub(crate) fn new(
        key: DerivedKey,
        limits: Limits,
        redis: Option<redis::Client>,
        most: usize,
        clock: Clock,
    ) -> redis::RedisResult<Self> {
        let at_once = usize::try_from(limits.tries(Kind::Pair)).unwrap_or(usize::MAX);
        let shared = redis.map(Shared::new).transpose()?;
        let gate = Gate::new(at_once, most);
        let (names, memory, turns) = (Names::new(key), Memory::default(), Turns::default());
        Ok(Self { names, limits, memory, shared, gate, turns, clock })
    }

    /// Admits an attempt to log in.
    ///
    /// # Errors
    /// [`THROTTLE`], or the database is unavailable.
    pub(crate) async fn begin_login(
        &self,
        pool: &PgPool,
        LoginSource { login, user, address }: LoginSource<'_>,
    ) -> Result<ThrottlePermit<'_>, Problem> {
        let network = network(address);
        let own = self.count(Kind::Login, self.names.login(login));
        let permit = self.gate.enter(&own.key).await?;
        let mut counted = vec![
            self.count(Kind::Pair, self.names.pair(login, network)),
            self.count(Kind::Address, self.names.address(network)),
            own,
        ];
        let mut admission = self.admit(&counted).await;
        // Refused for the sake of the login, the last of the three.
        if matches!(admission, Admission::Refused { number: 2, .. }) {
            let since = self.clock.now() - LATELY;
            if session::was_used_from(pool, user, &network.to_string(), since).await? {
                counted.truncate(2);
                admission = self.admit(&counted).await;
            }
        }
        self.begin(counted, admission, Some(permit))
    }

    /// Admits an attempt that names no account. Such attempts are not limited in concurrency: they
    /// may take long.
    ///
    /// # Errors
    /// [`TOO_MANY`].
    pub(crate) async fn begin_anonymous(
        &self,
        address: IpAddr,
    ) -> Result<ThrottlePermit<'_>, Problem> {
        let own = self.count(Kind::Address, self.names.address(network(address)));
        let admission = self.admit(&[own]).await;
        self.begin(vec![own], admission, None)
    }

    /// Begins a try of a signed-in user to show that they know or have something. Tries of each
    /// `purpose` are counted apart; it is named in header fields.
    ///
    /// # Errors
    /// [`THROTTLE`].
    pub(crate) async fn user(
        &self,
        user: Uuid,
        purpose: &'static str,
    ) -> Result<ThrottlePermit<'_>, Problem> {
        let own = self.count(Kind::User(purpose), self.names.user(purpose, user));
        let permit = self.gate.enter(&own.key).await?;
        let admission = self.admit(&[own]).await;
        self.begin(vec![own], admission, Some(permit))
    }

    const fn count(&self, kind: Kind, key: counter::Key) -> Counted {
        Counted { kind, key, tries: self.limits.tries(kind) }
    }

    async fn admit(&self, counted: &[Counted]) -> Admission {
        let now = self.clock.now().timestamp_millis();
        if let Some(shared) = &self.shared
            && let Some(admission) = shared.admit(counted, now, &self.limits).await
        {
            return admission;
        }
        self.memory.admit(counted, now, &self.limits)
    }

    fn begin<'a>(
        &'a self,
        counted: Vec<Counted>,
        admission: Admission,
        permit: Option<Permit<'a>>,
    ) -> Result<ThrottlePermit<'a>, Problem> {
        let Admission::Refused { wait, number } = admission else {
            return Ok(ThrottlePermit { throttle: self, counted, _permit: permit });
        };
        let seconds = seconds(wait);
        let detail = format!("Try again in {seconds} s; other passwords don't help before.");
        Err(self.too_many(&counted, number, seconds).detail(detail))
    }

    fn too_many(&self, counted: &[Counted], number: usize, seconds: u32) -> Problem {
        let problem = Problem::new(TOO_MANY).retry_after(seconds);
        match counted.get(number) {
            None => problem,
            Some(one) => problem.rate_limit(RateLimit {
                policy: one.kind.name(),
                quota: one.tries,
                window: self.limits.memory / 1_000,
                reset: seconds,
            }),
        }
    }

    async fn settle(&self, counted: &[(Counted, Fate)]) {
        let now = self.clock.now().timestamp_millis();
        // Also where Redis counts: when it goes away, this process goes on from here.
        self.memory.settle(counted, now, &self.limits);
        if let Some(shared) = &self.shared {
            shared.settle(counted, now, &self.limits).await;
        }
    }
}

/// Whole seconds of a wait in ms.
fn seconds(wait: i64) -> u32 {
    u32::try_from(wait.max(1).cast_unsigned().div_ceil(1_000)).unwrap_or(u32::MAX)
}

impl ThrottlePermit<'_> {
    /// The try has ended.
    pub(crate) async fn settle(self, outcome: AttemptOutcome) {
        let fate = |kind| match (outcome, kind) {
            (AttemptOutcome::Failed, _) => Fate::Failed,
            // Whoever has one account must not get more tries at others, nor may the owner's login
            // give new tries to whoever attacks it.
            (AttemptOutcome::Succeeded, Kind::Pair | Kind::User(_)) => Fate::Forgotten,
            (AttemptOutcome::Succeeded | AttemptOutcome::Unverified, _) => Fate::Released,
        };
        let counted: Vec<_> = self.counted.iter().map(|one| (*one, fate(one.kind))).collect();
        self.throttle.settle(&counted).await;
    }
}
