//! One try to send a mail.

use std::path::PathBuf;

use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Tokio1Executor};
use uuid::Uuid;

use super::Letter;
use crate::config::{Encryption, MailServer};

/// Why no mail can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The file with certificates can't be read.
    #[error("AUTH_SMTP_CA_FILE: {}: {}", .0.display(), .1)]
    File(PathBuf, std::io::Error),
    /// It holds something else.
    #[error("AUTH_SMTP_CA_FILE: {} holds no certificates in PEM", .0.display())]
    Certificates(PathBuf),
    /// TLS doesn't take the name of the server or the certificates.
    #[error("AUTH_SMTP_URL: {0}")]
    Tls(Error),
}

/// Why a mail was not sent. No address stands in it.
pub(crate) struct Failure {
    pub why: String,
    /// Whether another try may succeed.
    pub again: bool,
}

pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(crate) fn new(server: &MailServer) -> Result<Self, MailError> {
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

    /// Whether the server takes us, its certificate and our password included.
    pub(crate) async fn reach(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it takes no commands".to_owned()),
            Err(error) => Err(reason(&error)),
        }
    }

    pub(crate) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let never = |why: &str| Failure { why: why.to_owned(), again: false };
        let to: Address =
            letter.to.parse().map_err(|_| never("no mail gets to such an address"))?;
        let message = self.message(to, letter).ok_or_else(|| never("it can't be written down"))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // It may have been put right by the next try, unless the server says that it never will.
            Err(error) => Err(Failure { why: reason(&error), again: !error.is_permanent() }),
        }
    }

    fn message(&self, to: Address, letter: &Letter) -> Option<Message> {
        let id = format!("<{}@{}>", Uuid::new_v4(), self.from.email.domain());
        // Nobody's holiday shall answer it (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_string())
            .ok()
    }
}

fn tls(server: &MailServer) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(server.url.host.clone());
    if let Some(path) = &server.ca {
        let pem = std::fs::read(path).map_err(|error| MailError::File(path.clone(), error))?;
        let broken = || MailError::Certificates(path.clone());
        if !pem.windows(BEGIN.len()).any(|bytes| bytes == BEGIN) {
            return Err(broken());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| broken())?);
    }
    builder.build_rustls().map_err(MailError::Tls)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// What a server answers may quote the address: of that only the status is told.
fn reason(error: &Error) -> String {
    match error.status() {
        Some(status) => format!("the mail server answered {status}"),
        None if error.is_response() => "the mail server's answer can't be read".to_owned(),
        None => error.to_string(),
    }
}
