//! One attempt to send a message over SMTP.

use std::path::PathBuf;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Code};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Tokio1Executor};
use uuid::Uuid;

use super::compose::Message;
use crate::config::{Encryption, MailServer};

/// Why the transport cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The file with certificates cannot be read.
    #[error("AUTH_SMTP_CA_FILE: {}: {}", .0.display(), .1)]
    CaFile(PathBuf, std::io::Error),
    /// The file holds no certificates.
    #[error("AUTH_SMTP_CA_FILE: {} holds no certificates in PEM", .0.display())]
    Certificates(PathBuf),
    /// TLS rejects the name of the server or the certificates.
    #[error("AUTH_SMTP_URL: {0}")]
    Tls(Error),
}

/// Why a message was not sent. The text holds no address.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct SmtpError {
    reason: String,
    /// Whether the mail server refused the message or its recipient for good.
    pub(super) is_permanent: bool,
}

impl From<Error> for SmtpError {
    fn from(error: Error) -> Self {
        let is_permanent = error.is_permanent() && !error.status().is_some_and(is_authentication);
        Self { reason: reason(&error), is_permanent }
    }
}

/// Codes like 535: the mail server refuses this server, not the message. An operator can fix that
/// while the message waits.
fn is_authentication(code: Code) -> bool {
    code.category == Category::Unspecified3
}

pub(super) struct SmtpTransport {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpTransport {
    pub(super) fn new(server: &MailServer) -> Result<Self, TransportError> {
        let url = &server.url;
        let encryption = match url.encryption {
            Encryption::Wrapped => Tls::Wrapper(tls(server)?),
            Encryption::StartTls => Tls::Required(tls(server)?),
            Encryption::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&url.host)
            .port(url.port)
            .tls(encryption);
        if let Some((user, password)) = &url.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(Self { transport: builder.build(), from: server.from.clone() })
    }

    /// Connects and logs in; the error says why that fails.
    pub(super) async fn check(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it accepts no commands".to_owned()),
            Err(error) => Err(reason(&error)),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SmtpError> {
        let message = self.build(message).map_err(|error| SmtpError {
            reason: format!("the message cannot be built: {error}"),
            is_permanent: true,
        })?;
        self.transport.send(message).await?;
        Ok(())
    }

    fn build(&self, message: &Message) -> Result<lettre::Message, lettre::error::Error> {
        let id = format!("<{}@{}>", Uuid::new_v4(), self.from.email.domain());
        // No vacation responder answers it (RFC 3834).
        let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, message.to.clone()))
            .subject(&message.subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(auto_submitted, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(
                message.text.clone(),
                message.html.clone(),
            ))
    }
}

fn tls(server: &MailServer) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(server.url.host.clone());
    if let Some(path) = &server.ca {
        let pem =
            std::fs::read(path).map_err(|error| TransportError::CaFile(path.clone(), error))?;
        let invalid = || TransportError::Certificates(path.clone());
        if !pem.windows(BEGIN.len()).any(|bytes| bytes == BEGIN) {
            return Err(invalid());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| invalid())?);
    }
    builder.build_rustls().map_err(TransportError::Tls)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The error without the mail server's own words, which may quote the address.
fn reason(error: &Error) -> String {
    match error.status() {
        Some(status) => format!("the mail server answered {status}"),
        None if error.is_response() => "the mail server's answer cannot be parsed".to_owned(),
        None => error.to_string(),
    }
}
