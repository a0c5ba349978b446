//! Slowing down whoever lets us write mails: nobody's mailbox is filled by way of us.
//!
//! Each mail counts, as a failed try does elsewhere: after a few of them the next ones have to wait.

use std::net::IpAddr;

use tokio::sync::Mutex;

use super::counter::{CounterKey, CounterKind, network};
use super::{Admission, CounterUpdate, Throttle, seconds};
use crate::http::problem::Problem;

/// Addresses that share a place wait for each other; nothing else comes of it.
const PLACES: usize = 64;

/// Of many who ask for a mail to one address at once, each has to see that the one before was
/// counted.
pub(crate) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(PLACES).collect())
    }
}

impl Turns {
    fn of(&self, key: &CounterKey) -> Option<&Mutex<()>> {
        self.0.get(usize::from(key.first().copied().unwrap_or_default()) % PLACES)
    }
}

impl Throttle {
    /// Counts a mail to this address (as addresses are compared) that was asked for from there,
    /// whether anybody has the address or not.
    ///
    /// # Errors
    /// [`crate::throttle::TOO_MANY`].
    pub(crate) async fn mail(&self, mailbox: &str, from: IpAddr) -> Result<(), Problem> {
        let counted = [
            self.counter(CounterKind::Mailbox, self.keys.mailbox(mailbox)),
            self.counter(CounterKind::Mailer, self.keys.mailer(network(from))),
        ];
        let [own, _] = &counted;
        let _turn = match self.turns.of(&own.key) {
            Some(place) => Some(place.lock().await),
            None => None,
        };
        match self.admit(&counted).await {
            Admission::Admitted => {
                self.update(&counted.map(|counter| (counter, CounterUpdate::Failed))).await;
                Ok(())
            }
            Admission::Rejected { delay, counter } => {
                let seconds = seconds(delay);
                let detail = format!("There were enough mails; ask again in {seconds} s.");
                Err(self.too_many(&counted, counter, seconds).detail(detail))
            }
        }
    }
}
