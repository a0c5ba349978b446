//! Trying until a mail is sent, or it makes no sense any more.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::smtp::{Failure, Smtp};
use super::{Inner, Letter};

/// Longest try. A mail server may take its time before it takes a mail.
const TRY: Duration = Duration::from_secs(30);

/// Wait after the first try that failed; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// A mail is given up after this long: who waits for it has asked for another one by then.
const GIVE_UP: Duration = Duration::from_mins(30);

/// What is not sent so long after the order to stop stays unsent.
const DRAIN: Duration = Duration::from_secs(5);

impl Inner {
    pub(crate) async fn deliver(&self, letter: Letter) {
        let Some(smtp) = &self.smtp else {
            // The one secret that is ever logged, where nobody set a mail server up.
            let Letter { subject, link, .. } = &letter;
            tracing::warn!(subject, link = link.as_str(), "no mail server: this was not sent");
            self.mails.ended("logged");
            return;
        };
        let stopped = async {
            self.stop.cancelled().await;
            sleep(DRAIN).await;
        };
        tokio::select! {
            sent = self.until_sent(smtp, &letter) => match sent {
                Ok(()) => self.mails.ended("sent"),
                Err(why) => self.lost(&why),
            },
            () = stopped => self.lost("the server stopped"),
        }
    }

    async fn until_sent(&self, smtp: &Smtp, letter: &Letter) -> Result<(), String> {
        let (begun, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let Err(Failure { why, again }) = self.send(smtp, letter).await else { return Ok(()) };
            let stopping = self.stop.is_cancelled();
            if !again || stopping || begun.elapsed() + wait > GIVE_UP {
                return Err(why);
            }
            tracing::info!(why, "a mail could not be sent yet");
            // At the order to stop it is tried once more.
            let _ = self.stop.run_until_cancelled(sleep(wait)).await;
            wait = LONGEST_WAIT.min(2 * wait);
        }
    }

    async fn send(&self, smtp: &Smtp, letter: &Letter) -> Result<(), Failure> {
        // Nobody closes a semaphore here.
        let _connection = self.connections.acquire().await.ok();
        let sent = timeout(TRY, smtp.send(letter)).await;
        let silent = || Failure { why: "the mail server is silent".to_owned(), again: true };
        sent.unwrap_or_else(|_| Err(silent()))
    }

    /// A mail that nobody gets.
    pub(crate) fn lost(&self, why: &str) {
        tracing::error!(why, "a mail was not sent");
        self.mails.ended("failed");
    }
}
