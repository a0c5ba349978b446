//! Tries to log in, kept for the user and for admins.
//!
//! `write` puts notes into the table beside the requests · `partitions` the table's months ·
//! `forget` what is too old · `anonymise` what belonged to a deleted account · `read` pages · `list` what a client asks for.

pub(crate) mod anonymize;
pub(crate) mod list;
pub(crate) mod partitions;
pub(crate) mod read;
pub(crate) mod retention;
pub(crate) mod write;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use anonymize::anonymise;
pub use list::list;
pub use partitions::prepare;
pub use read::{Entry, Page, Place, page};
pub use retention::Retention;

use crate::clock::Clock;
use crate::session::Device;
use write::Writer;

/// Notes that may wait to be written.
const QUEUE: usize = 10_000;

/// Longest wait of a reader for what was noted before.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// How somebody tried to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Login and password.
    Password,
    /// The second factor, after the password.
    SecondFactor,
    /// An account elsewhere.
    Oidc,
    /// A refresh token. Only one that was used before is noted: somebody has a copy.
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
pub struct LoginAttempt {
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
}

impl LoginAttempt {
    /// An attempt of which nothing is known yet but this.
    #[must_use]
    pub fn new(method: Method, device: Device) -> Self {
        Self { method, device, user: None, session: None, provider: None }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// A session was opened.
    Succeeded,
    /// The first step succeeded; a code of the second factor is required.
    SecondFactorRequired,
    /// A refresh token was reused after it had been replaced; its session was ended.
    RefreshTokenReused,
    /// It failed with the problem of this code.
    Failed(&'static str),
}

impl LoginOutcome {
    /// Its name in the history and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::SecondFactorRequired => "mfa_required",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::Failed(code) => code,
        }
    }
}

/// An attempt that has ended.
pub(crate) struct Note {
    id: Uuid,
    at: DateTime<Utc>,
    outcome: LoginOutcome,
    attempt: LoginAttempt,
}

pub(crate) enum Message {
    Note(Box<Note>),
    /// Answered when all notes before it have been written.
    Flush(oneshot::Sender<()>),
}

/// Takes notes of tries to log in. Cheap to clone.
#[derive(Clone)]
pub struct History {
    queue: mpsc::Sender<Message>,
    clock: Clock,
}

impl History {
    /// Begins to take notes, and beside it two tasks: one writes them down, one makes room ahead of
    /// time and forgets what is too old. Both end with `stop`, the first when all is written.
    #[must_use]
    pub fn start(
        pool: &PgPool,
        retention: Retention,
        clock: &Clock,
        (background, stop): (&TaskTracker, &CancellationToken),
    ) -> Self {
        let (queue, notes) = mpsc::channel(QUEUE);
        background.spawn(Writer::new(pool.clone(), notes).run(stop.clone()));
        background.spawn(retention::keep(pool.clone(), retention, clock.clone(), stop.clone()));
        Self { queue, clock: clock.clone() }
    }

    /// Records an attempt. Never waits and never fails; what cannot be written is logged.
    pub fn record(&self, attempt: LoginAttempt, outcome: LoginOutcome) {
        let note = Note { id: Uuid::now_v7(), at: self.clock.now(), outcome, attempt };
        if let Err(error) = self.queue.try_send(Message::Note(Box::new(note))) {
            let why = error.to_string();
            if let mpsc::error::TrySendError::Full(Message::Note(note))
            | mpsc::error::TrySendError::Closed(Message::Note(note)) = error
            {
                write::lost(&note, &why);
            }
        }
    }

    /// Waits, though not for long, until what was noted here before can be read.
    pub async fn settled(&self) {
        let (done, written) = oneshot::channel();
        let wait = async {
            if self.queue.send(Message::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, wait).await;
    }
}
