//! Limits e-mail, so that no mailbox can be flooded through this server.
//!
//! Every message counts like a failed attempt elsewhere: after a few, the next ones are delayed.

use std::net::IpAddr;

use uuid::Uuid;

use super::counter::CounterKind;
use super::{Admission, CounterUpdate, Throttle, seconds};
use crate::http::network;
use crate::http::problem::Problem;

impl Throttle {
    /// Counts a message to this mailbox (the address's compare key) that was requested from this
    /// client, whether or not an account has the address.
    ///
    /// # Errors
    /// [`crate::throttle::TOO_MANY`].
    pub(crate) async fn email(&self, mailbox: &str, from: IpAddr) -> Result<(), Problem> {
        let both = [
            self.counter(CounterKind::Mailbox, self.keys.mailbox(mailbox)),
            self.counter(CounterKind::Mailer, self.keys.mailer(network::of(from))),
        ];
        let message = Uuid::now_v7();
        let (delay, counter) = match self.admit(&both, message).await {
            Admission::Rejected { delay, counter, .. } => (delay, counter),
            Admission::Occupied { counter } => (0, counter),
            Admission::Admitted => {
                let failed = both.map(|counter| (counter, CounterUpdate::Failed));
                self.update(message, &failed).await;
                return Ok(());
            }
        };
        let seconds = seconds(delay);
        let detail = format!("Too many e-mails were requested; try again in {seconds} s.");
        Err(self.too_many(&both, counter, seconds).detail(detail))
    }
}
