//! The login history: login attempts, recorded for the account's owner and for admins.

pub(crate) mod anonymize;
pub(crate) mod merged;
pub(crate) mod pages;
pub(crate) mod partitions;
pub(crate) mod retention;
pub(crate) mod writer;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) use merged::{Lockout, Merged};
pub(crate) use pages::{HistoryPage, HistoryQuery, list};
pub use partitions::prepare;
pub(crate) use retention::Retention;

use crate::clock::Clock;
use crate::db::{AgreedClock, Limits, PgPool};
use crate::metrics::Anonymization;
use crate::session::Device;
use writer::Writer;

/// Maximum number of records that wait to be written.
const QUEUE_CAPACITY: usize = 10_000;

/// How long a reader waits for records that are still in the queue.
const FLUSH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// How a login was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Login and password.
    Password,
    /// The second step, after the password or the external identity.
    SecondFactor,
    /// An external identity.
    Oidc,
    /// A refresh token. Recorded only if it was reused, since then it has been copied.
    RefreshToken,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
            Self::Oidc => "oidc",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// A login attempt.
#[derive(Clone, Debug)]
pub(crate) struct LoginAttempt {
    /// How.
    pub method: Method,
    /// From where.
    pub device: Device,
    /// The account, if it is known.
    pub user: Option<Uuid>,
    /// The session that it opened or ended.
    pub session: Option<Uuid>,
    /// Name of the identity provider, if one was used.
    pub provider: Option<String>,
    /// The attempts with which it is one record.
    pub merged: Option<Merged>,
}

impl LoginAttempt {
    /// An attempt of which nothing is known yet but this.
    #[must_use]
    pub(crate) fn new(method: Method, device: Device) -> Self {
        Self { method, device, user: None, session: None, provider: None, merged: None }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginOutcome {
    /// A session was opened.
    Succeeded,
    /// The first step succeeded; a code of the second factor is required.
    SecondFactorRequired,
    /// A refresh token was reused within its grace period, from another device or address.
    RefreshRepeatedElsewhere,
    /// A refresh token was reused after it had been replaced; its session was ended.
    RefreshTokenReused,
    /// It failed with the problem of this code.
    Failed(&'static str),
    /// Nothing was verified, because of the problem of this code. Recorded only during a lockout of the
    /// account: a stranger must not be able to add rows to its history.
    Unverified(&'static str),
}

impl LoginOutcome {
    /// Its name in the history and in metrics.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::SecondFactorRequired => "mfa_required",
            Self::RefreshRepeatedElsewhere => "refresh_repeated_elsewhere",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::Failed(code) | Self::Unverified(code) => code,
        }
    }
}

/// An attempt that has ended.
pub(crate) struct LoginRecord {
    id: Uuid,
    at: DateTime<Utc>,
    outcome: LoginOutcome,
    attempt: LoginAttempt,
    /// How many attempts it stands for, if there can be several.
    attempts: Option<i32>,
}

pub(crate) enum Message {
    Record(Box<LoginRecord>),
    /// Answered once all earlier records have been written.
    Flush(oneshot::Sender<()>),
}

/// Records login attempts in the background. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LoginHistory {
    queue: mpsc::Sender<Message>,
    deleted: Arc<Notify>,
    clock: Clock,
}

impl LoginHistory {
    /// Starts three background tasks: one writes records, one creates partitions ahead of time and
    /// deletes old data, one anonymizes the history of deleted accounts. They end with `stop`, the
    /// first after it has written the queue.
    #[must_use]
    pub(crate) fn start(
        pool: &PgPool,
        retention: Retention,
        metrics: Anonymization,
        clock: &AgreedClock,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        let (queue, records) = mpsc::channel(QUEUE_CAPACITY);
        background.spawn(Writer::new(pool.clone(), records).run(stop.clone()));
        background.spawn(retention::run(
            pool.with_limits(Limits::MAINTENANCE),
            retention,
            clock.clone(),
            stop.clone(),
        ));
        let deleted = Arc::new(Notify::new());
        let anonymizing = anonymize::run(pool.clone(), Arc::clone(&deleted), metrics, stop.clone());
        background.spawn(anonymizing);
        Self { queue, deleted, clock: clock.unconfirmed().clone() }
    }

    /// Anonymizes the history of accounts that were just deleted.
    pub(crate) fn anonymize_deleted(&self) {
        self.deleted.notify_one();
    }

    /// Records an attempt at an account. Never waits and never fails; what cannot be written is
    /// logged.
    pub(crate) fn record(&self, attempt: LoginAttempt, outcome: LoginOutcome) {
        let Some(user) = attempt.user else { return };
        let now = self.clock.now();
        let (at, id, attempts) = match (attempt.merged, outcome) {
            (Some(merged), _) => {
                let (at, id) = merged.record(user, &attempt, outcome, now);
                (at, id, Some(1))
            }
            (None, LoginOutcome::Unverified(_)) => return,
            (None, _) => (now, Uuid::now_v7(), None),
        };
        let record = LoginRecord { id, at, outcome, attempt, attempts };
        if let Err(error) = self.queue.try_send(Message::Record(Box::new(record))) {
            let reason = error.to_string();
            if let mpsc::error::TrySendError::Full(Message::Record(record))
            | mpsc::error::TrySendError::Closed(Message::Record(record)) = error
            {
                writer::log_lost(&record, &reason);
            }
        }
    }

    /// Waits, up to a timeout, until everything recorded on this server can be read.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        let flush = async {
            if self.queue.send(Message::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_TIMEOUT, flush).await;
    }
}
