//! Claiming an e-mail address: at registration, at a first login by a provider, in the profile.

use std::net::IpAddr;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::AppState;
use crate::email::{EmailAddress, EmailJob, claim_store, queue};
use crate::user::profile::Change;

impl AppState {
    /// Whether this change gives the account another address or none. That takes
    /// reauthentication, as a message to the address can set a new password.
    pub(crate) async fn changes_email(
        &self,
        user: Uuid,
        email: &Change<EmailAddress>,
    ) -> sqlx::Result<bool> {
        let key = match email {
            Change::Keep => return Ok(false),
            Change::Clear => None,
            Change::Set(email) => Some(email.key()),
        };
        Ok(claim_store::key_of(&self.pool, user).await?.as_deref() != key)
    }

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
