//! Claiming an e-mail address: at registration, at a first login by a provider, in the profile.

use std::net::IpAddr;

use uuid::Uuid;

use crate::api::AppState;
use crate::db::{PgConnection, constraint};
use crate::email::claim_store::{self, AccountEmail};
use crate::email::{EmailAddress, EmailJob, queue};

impl AppState {
    /// Gives the account this address, in the transaction of the change. Where mail is sent it is a
    /// claim until the account confirms it, and a message asks for that; elsewhere the account holds
    /// the address. `false` if the address belongs to another account.
    pub(crate) async fn claim_email(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
        from: IpAddr,
    ) -> sqlx::Result<bool> {
        let Some(before) = claim_store::read(&mut *transaction, user).await? else {
            return Err(sqlx::Error::RowNotFound);
        };
        if before.held.as_deref() == Some(email.key()) {
            claim_store::withdraw(transaction, user).await?;
        }
        if before.has(email) {
            claim_store::respell(transaction, user, email).await?;
            return Ok(true);
        }
        let free = if self.mail.is_sent() {
            self.claim_pending(transaction, user, email).await?
        } else {
            hold(transaction, user, email).await?
        };
        if free {
            self.send_verification_email(transaction, user, email, from).await?;
        }
        Ok(free)
    }

    /// Whether another account has confirmed the address is decided when this one confirms it: a
    /// claim to such an address is only useless.
    async fn claim_pending(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
    ) -> sqlx::Result<bool> {
        if claim_store::owner(&mut *transaction, email).await?.is_some() {
            return Ok(false);
        }
        claim_store::claim(transaction, user, email, self.clock.now()).await?;
        Ok(true)
    }

    /// Queues the message that asks a new claimant to confirm the address, in the transaction of the
    /// claim. Sends nothing if there were too many messages: the user can ask for one later.
    async fn send_verification_email(
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

impl AccountEmail {
    /// Whether the account holds or claims this address.
    fn has(&self, email: &EmailAddress) -> bool {
        [&self.held, &self.pending].into_iter().flatten().any(|key| key == email.key())
    }
}

async fn hold(
    transaction: &mut PgConnection,
    user: Uuid,
    email: &EmailAddress,
) -> sqlx::Result<bool> {
    match claim_store::hold(transaction, user, email).await {
        Err(error) if constraint(&error) == Some("users_email_key") => Ok(false),
        result => result.map(|()| true),
    }
}
