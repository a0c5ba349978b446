//! What a mail is needed for: an address that is the user's, a password that was forgotten.
//!
//! `verify` an address · `send_again` the mail that asks for it · `forgot` and `reset` a password ·
//! `tokens` SQL about what stands in the mails.

pub(crate) mod verify;

use std::sync::Arc;

use std::net::IpAddr;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::AppState;
use crate::email::MailToken;
use crate::email::token_store;
use crate::email::token_store::{NewToken, Purpose};
use crate::email::{EmailAddress, claim_store};
use crate::user::profile::Change;

impl AppState {
    /// Whether this gives the account another address, or takes it away: that wants proof, as a mail
    /// to the address can set a new password.
    pub(crate) async fn moves(
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

    /// Makes an address free for this account that another one claimed and never confirmed; to be
    /// called in the transaction that claims it, before it does.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn make_free(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        email: &EmailAddress,
    ) -> sqlx::Result<()> {
        let Some(life) = self.mail.claim_life() else { return Ok(()) };
        let before = self.clock.now() - life;
        claim_store::release_expired(transaction, email, user, before).await
    }

    /// Asks by mail whether an address that an account has just claimed is theirs; to be called
    /// after the commit. Without a mail where there were too many: the user can ask for another one.
    pub(crate) async fn greet(&self, user: Uuid, email: &EmailAddress, from: IpAddr) {
        if self.throttle.mail(email.key(), from).await.is_ok() {
            self.ask_for_verification(user, email.clone());
        }
    }

    /// Sends the mail that asks whether an address is the user's, unless that is known.
    pub(crate) fn ask_for_verification(&self, user: Uuid, email: EmailAddress) {
        let Self { pool, clock, letters, .. } = self;
        let (pool, clock, letters) = (pool.clone(), clock.clone(), Arc::clone(letters));
        let expires_at = clock.now() + self.mail.verify_life();
        self.mailer.post(async move {
            let token = MailToken::fresh();
            let new = NewToken {
                hash: &token.hash,
                purpose: Purpose::VerifyEmail,
                user,
                email_key: Some(email.key()),
                expires_at,
            };
            let counts = token_store::insert(&pool, &new, clock.now()).await?;
            Ok(counts.then(|| letters.verification(email.as_str().to_owned(), &token)))
        });
    }
}
