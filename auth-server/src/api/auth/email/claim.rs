//! Claiming an e-mail address: at registration, at a first login by a provider, in the profile.

use std::net::IpAddr;

use uuid::Uuid;

use crate::api::AppState;
use crate::db::{PgConnection, constraint};
use crate::email::claim_store::{self, AccountEmail};
use crate::email::{EmailAddress, EmailJob, queue};

/// The permission to send a message to a new claimant of an address.
pub(crate) struct MessageTurn(());

impl AppState {
    /// Waits for the turn of a message to a new claimant of this address. To be called before the transaction of
    /// the claim, which must not hold its locks meanwhile. `None` if there were too many messages: then none is
    /// sent, and the user can ask for one later.
    pub(crate) async fn message_turn(
        &self,
        email: &EmailAddress,
        from: IpAddr,
    ) -> Option<MessageTurn> {
        self.throttle.email(email.key(), from).await.ok().map(MessageTurn)
    }

    /// Gives the account this address, in the transaction of the change. Where mail is sent it is a
    /// claim until the account confirms it, and a message asks for that; elsewhere the account holds
    /// the address; no message is sent without a turn. `false` if the address belongs to another account.
    pub(crate) async fn claim_email(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
        turn: Option<MessageTurn>,
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
        if free && turn.is_some() {
            let job = EmailJob::VerifyEmail { user, email: email.key().to_owned() };
            queue::enqueue(transaction, &job).await?;
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
}

impl AccountEmail {
    /// Whether the account holds or claims this address.
    pub(crate) fn has(&self, email: &EmailAddress) -> bool {
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
