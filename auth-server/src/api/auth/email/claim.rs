//! Claiming an e-mail address: at registration, at a first login by a provider, in the profile.

use std::net::IpAddr;

use uuid::Uuid;

use crate::api::AppState;
use crate::db::PgConnection;
use crate::email::{EmailAddress, EmailJob, claim_store, queue};

impl AppState {
    /// Ends another account's claim to this address, if it has expired without a confirmation. Call
    /// it in the transaction in which `user` claims the address, before that.
    pub(crate) async fn release_expired_claim(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
    ) -> sqlx::Result<()> {
        let Some(lifetime) = self.mail.claim_lifetime() else { return Ok(()) };
        let before = self.clock.now() - lifetime;
        claim_store::release_expired(transaction, email, user, before).await
    }

    /// Queues the message that asks a new claimant to confirm the address, in the transaction of the
    /// claim. Sends nothing if there were too many messages: the user can ask for one later.
    pub(crate) async fn send_verification_email(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
        from: IpAddr,
    ) -> sqlx::Result<()> {
        if self.throttle.email(email.key(), from).await.is_err() {
            return Ok(());
        }
        let job = EmailJob::VerifyEmail { user, email: email.key().to_owned() };
        queue::enqueue(transaction, &job).await
    }
}
