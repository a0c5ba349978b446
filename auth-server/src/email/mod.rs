//! E-mail to users: composed from templates, queued in PostgreSQL, sent over SMTP.
//!
//! No request waits for a mail server, and none fails with it. A request puts a job into the queue
//! ([`queue`]), in the transaction that needs the message; the [`worker`] of any server takes the
//! job, makes the token ([`token`], [`token_store`]), renders the message ([`compose`],
//! [`templates`]) and sends it ([`smtp`]). A [`notice`] needs no token.

pub(crate) mod address;
pub(crate) mod claim_store;
mod compose;
pub(crate) mod notice;
pub(crate) mod queue;
mod smtp;
pub(crate) mod templates;
pub(crate) mod token;
pub(crate) mod token_store;
pub(crate) mod worker;

pub(crate) use address::EmailAddress;
pub(crate) use queue::EmailJob;
pub(crate) use token::EmailToken;
pub(crate) use worker::EmailWorker;

use crate::config::{MailConfig, MailServer};
use smtp::{SmtpTransport, TransportError};
use templates::{TemplateError, Templates};

/// Why e-mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The transport cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The templates cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
}

/// Checks the templates, without a message.
pub(crate) fn check_templates(site: &str, config: &MailConfig) -> Result<(), TemplateError> {
    Templates::load(site, config.templates.as_deref()).map(drop)
}

/// Connects to the mail server and logs in, without sending anything. The error says why that fails.
pub(crate) async fn check_server(server: &MailServer) -> Result<(), String> {
    SmtpTransport::new(server).map_err(|error| error.to_string())?.check().await
}
