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

/// Outcome of a try that opened a session.
pub const SUCCEEDED: &str = "succeeded";

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

/// A try to log in, as far as it got.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// How.
    pub method: Method,
    /// From where.
    pub device: Device,
    /// Whose account, where there is one.
    pub user: Option<Uuid>,
    /// The session that it opened, or that it was the end of.
    pub session: Option<Uuid>,
    /// Name of the provider, where it was one.
    pub provider: Option<String>,
}

impl Attempt {
    /// A try that has just begun.
    #[must_use]
    pub fn new(method: Method, device: Device) -> Self {
        Self { method, device, user: None, session: None, provider: None }
    }
}

/// An attempt that has ended.
pub(crate) struct Note {
    id: Uuid,
    at: DateTime<Utc>,
    outcome: &'static str,
    attempt: Attempt,
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

    /// Notes how a try ended: [`SUCCEEDED`], or the code of the problem. Never waits and never
    /// fails; what can't be written goes to the log.
    pub fn note(&self, attempt: Attempt, outcome: &'static str) {
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
