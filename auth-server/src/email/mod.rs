//! Mails to users: written, queued, sent.
//!
//! No request waits for a mail server, and none fails with it: what is to be sent waits in a bounded
//! queue, in memory, and is tried for as long as it makes sense. `letter` what stands in a mail ·
//! `token` what its reader can show · `deliver` trying until it is sent · `smtp` one try.

pub(crate) mod address;
pub(crate) mod claim_store;
pub(crate) mod deliver;
pub(crate) mod message;
pub(crate) mod smtp;
pub(crate) mod token;
pub(crate) mod token_store;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use address::EmailAddress;
pub(crate) use message::{Letter, Letters};
pub(crate) use smtp::MailError;
pub(crate) use token::{MailToken, hash};

use crate::config::{MailConfig, MailServer};
use crate::http::problem::Problem;
use crate::metrics::Mails;
use smtp::Smtp;

/// Says what is wrong with the way to a mail server, without sending anything.
///
/// # Errors
/// The server is away, or doesn't take us, or we don't take it.
pub(crate) async fn reach(server: &MailServer) -> Result<(), String> {
    Smtp::new(server).map_err(|error| error.to_string())?.reach().await
}

/// Connections to the mail server at a time.
const CONNECTIONS: usize = 4;

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Mailer(Arc<Inner>);

struct Inner {
    /// `None`: what would be sent is written to the log.
    smtp: Option<Smtp>,
    /// A mail has a place here from when it is posted until it is sent or given up.
    queue: Arc<Semaphore>,
    connections: Semaphore,
    mails: Mails,
    background: TaskTracker,
    stop: CancellationToken,
}

impl Mailer {
    /// Mails go to the configured server, or else to the log. What is being sent at `stop` is
    /// `background`'s for a few seconds more.
    ///
    /// # Errors
    /// The certificates to trust can't be read.
    pub(crate) fn start(
        config: &MailConfig,
        mails: Mails,
        (background, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<Self, MailError> {
        let smtp = config.server.as_ref().map(Smtp::new).transpose()?;
        if smtp.is_none() {
            tracing::warn!(
                "AUTH_SMTP_URL is not set: links that belong into mails are written to this log; \
                 meant for development"
            );
        }
        let places = usize::try_from(config.queue.get()).unwrap_or(usize::MAX);
        Ok(Self(Arc::new(Inner {
            smtp,
            queue: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            connections: Semaphore::new(CONNECTIONS),
            mails,
            background: background.clone(),
            stop: stop.clone(),
        })))
    }

    /// Sends, beside the request, what this comes to. Never waits and never fails: what can't be
    /// sent is counted and logged.
    pub(crate) fn post<F>(&self, letter: F)
    where
        F: Future<Output = Result<Option<Letter>, Problem>> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.0.queue).try_acquire_owned() else {
            self.0.lost("the queue is full");
            return;
        };
        let inner = Arc::clone(&self.0);
        self.0.background.spawn(async move {
            match letter.await {
                Ok(Some(letter)) => inner.deliver(letter).await,
                Ok(None) => {}
                Err(problem) => inner.lost(problem.code),
            }
            drop(place);
        });
    }
}
