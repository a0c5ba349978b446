//! From a job to the message: looks the account up, makes the token, renders the templates.

use chrono::{DateTime, TimeDelta, Utc};
use lettre::Address;

use super::notice::Notice;
use super::queue::EmailJob;
use super::templates::{Rendered, Templates, Variables};
use super::token_store::{self, NewToken, Purpose, Recipient};
use super::{EmailAddress, EmailToken};
use crate::config::{MailConfig, Page};
use crate::db::PgPool;

/// A message to be sent.
pub(super) struct Message {
    pub(super) to: Address,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    /// The link, or the bare token: what is logged where there is no mail server. A notice has none.
    pub(super) link: Option<String>,
}

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the message cannot be rendered: {0}")]
    Template(#[from] minijinja::Error),
    /// No message can be addressed to it.
    #[error("the stored address is not an e-mail address")]
    Address,
}

/// Composes messages.
pub(super) struct Composer {
    pub(super) templates: Templates,
    pub(super) config: MailConfig,
}

impl Composer {
    /// The message of a job; `None` where there is nothing to send (any more): no account has the
    /// address, or it was confirmed meanwhile.
    pub(super) async fn compose(
        &self,
        pool: &PgPool,
        job: &EmailJob,
        now: DateTime<Utc>,
    ) -> Result<Option<Message>, ComposeError> {
        let (recipient, key, purpose) = match job {
            EmailJob::VerifyEmail { user, email } => {
                (token_store::claimant(pool, *user, email).await?, email, Purpose::VerifyEmail)
            }
            EmailJob::ResetPassword { email } => {
                (token_store::owner(pool, email).await?, email, Purpose::ResetPassword)
            }
            EmailJob::Notice { notice, email, at } => {
                return self.notice(*notice, email, *at).map(Some);
            }
        };
        let Some(recipient) = recipient else { return Ok(None) };
        let token = EmailToken::generate();
        let new = NewToken {
            hash: &token.hash,
            purpose,
            user: recipient.id,
            email_key: Some(key),
            expires_at: now + self.lifetime(purpose),
        };
        if !token_store::insert(pool, &new).await? {
            return Ok(None);
        }
        self.render(purpose, &recipient, &token).map(Some)
    }

    fn render(
        &self,
        purpose: Purpose,
        recipient: &Recipient,
        token: &EmailToken,
    ) -> Result<Message, ComposeError> {
        let to = EmailAddress::parse(&recipient.email).map_err(|_| ComposeError::Address)?;
        let link = self.page(purpose).map(|page| page.with_token(&token.text));
        let rendered = self.templates.render(
            purpose,
            &Variables {
                link: link.as_deref(),
                code: &token.text,
                login: &recipient.login,
                expires_in: self.lifetime(purpose),
            },
        )?;
        Ok(Message {
            to: to.into_address(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            link: Some(link.unwrap_or_else(|| token.text.to_string())),
        })
    }

    fn notice(
        &self,
        notice: Notice,
        email: &str,
        at: DateTime<Utc>,
    ) -> Result<Message, ComposeError> {
        let to = EmailAddress::parse(email).map_err(|_| ComposeError::Address)?;
        let Rendered { subject, text, html } = self.templates.render_notice(notice, at)?;
        Ok(Message { to: to.into_address(), subject, text, html, link: None })
    }

    fn lifetime(&self, purpose: Purpose) -> TimeDelta {
        match purpose {
            Purpose::VerifyEmail => self.config.verification_lifetime(),
            Purpose::ResetPassword => self.config.reset_lifetime(),
        }
    }

    const fn page(&self, purpose: Purpose) -> Option<&Page> {
        match purpose {
            Purpose::VerifyEmail => self.config.link_verify.as_ref(),
            Purpose::ResetPassword => self.config.link_reset.as_ref(),
        }
    }
}
