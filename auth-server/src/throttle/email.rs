//! Limits e-mail, so that no mailbox can be flooded through this server.
//!
//! Every message counts like a failed attempt elsewhere: after a few, the next ones are delayed.

use std::net::IpAddr;

use tokio::sync::Mutex;

use super::counter::{CounterKey, CounterKind, network};
use super::{Admission, CounterUpdate, Throttle, seconds};
use crate::http::problem::Problem;

/// Number of locks. Mailboxes that share one only wait for each other.
const LOCKS: usize = 64;

/// One request for a mailbox at a time: each must see that the one before was counted.
pub(crate) struct MailboxLocks(Vec<Mutex<()>>);

impl Default for MailboxLocks {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(LOCKS).collect())
    }
}

impl MailboxLocks {
    fn of(&self, key: &CounterKey) -> Option<&Mutex<()>> {
        self.0.get(usize::from(key.first().copied().unwrap_or_default()) % LOCKS)
    }
}

impl Throttle {
    /// Counts a message to this mailbox (the address's compare key) that was requested from this
    /// client, whether or not an account has the address.
    ///
    /// # Errors
    /// [`crate::throttle::TOO_MANY`].
    pub(crate) async fn email(&self, mailbox: &str, from: IpAddr) -> Result<(), Problem> {
        let counted = [
            self.counter(CounterKind::Mailbox, self.keys.mailbox(mailbox)),
            self.counter(CounterKind::Mailer, self.keys.mailer(network(from))),
        ];
        let [own, _] = &counted;
        let _lock = match self.mailbox_locks.of(&own.key) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        match self.admit(&counted).await {
            Admission::Admitted => {
                self.update(&counted.map(|counter| (counter, CounterUpdate::Failed))).await;
                Ok(())
            }
            Admission::Rejected { delay, counter } => {
                let seconds = seconds(delay);
                let detail = format!("Too many e-mails were requested; try again in {seconds} s.");
                Err(self.too_many(&counted, counter, seconds).detail(detail))
            }
        }
    }
}
