//! E-mail: who sends it, where its links lead, how long its tokens are valid.

use std::num::NonZeroU16;
use std::path::PathBuf;

use chrono::TimeDelta;
use http::Uri;
use lettre::message::Mailbox;
use serde::Deserialize;

use super::smtp::SmtpUrl;
use service::config::none_if_empty;
use service::config::{Setting, number, secret, text};

pub(super) const SETTINGS: &[Setting] = &[
    secret(
        "AUTH_SMTP_URL",
        "mail.smtp",
        "mail server, as `smtp://user:password@host:587` (STARTTLS) or `smtps://…`; without it \
         e-mail goes to the log, for development only",
    ),
    text(
        "AUTH_SMTP_CA_FILE",
        "mail.ca",
        "",
        "PEM file with CA certificates to trust for the mail server, besides the public ones",
    ),
    text(
        "AUTH_MAIL_FROM",
        "mail.from",
        "",
        "sender of e-mail, as `Films <no-reply@films.example>`; required with AUTH_SMTP_URL",
    ),
    text(
        "AUTH_MAIL_TEMPLATES",
        "mail.templates",
        "",
        "directory with templates that replace the shipped ones",
    ),
    text(
        "AUTH_MAIL_LINK_VERIFY",
        "mail.link_verify",
        "",
        "URL of the page that verifies an e-mail address; the token is appended as `#token=…`; without it the \
         message contains the bare token",
    ),
    text(
        "AUTH_MAIL_LINK_RESET",
        "mail.link_reset",
        "",
        "URL of the page that sets a new password; likewise",
    ),
    number(
        "AUTH_MAIL_VERIFY_HOURS",
        "mail.verify_hours",
        "24",
        "lifetime of an e-mail verification token, hours",
    ),
    number(
        "AUTH_MAIL_RESET_MINUTES",
        "mail.reset_minutes",
        "30",
        "lifetime of a password reset token, minutes",
    ),
];

/// E-mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Unchecked")]
pub struct MailConfig {
    /// The mail server and the sender; `None`: links are logged.
    pub server: Option<MailServer>,
    /// Directory of an operator's own templates.
    pub templates: Option<PathBuf>,
    /// Page that confirms an address.
    pub link_verify: Option<Page>,
    /// Page that asks for a new password.
    pub link_reset: Option<Page>,
    verify_hours: NonZeroU16,
    reset_minutes: NonZeroU16,
}

/// The sender, and the mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// The mail server.
    pub url: SmtpUrl,
    /// PEM file with certificates to trust.
    pub ca: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
}

impl MailConfig {
    /// Lifetime of a token that confirms an address.
    #[must_use]
    pub fn verification_lifetime(&self) -> TimeDelta {
        TimeDelta::hours(self.verify_hours.get().into())
    }

    /// Lifetime of a token that sets a new password.
    #[must_use]
    pub fn reset_lifetime(&self) -> TimeDelta {
        TimeDelta::minutes(self.reset_minutes.get().into())
    }

    /// Whether messages reach anyone, so that an address can be confirmed; otherwise they are logged.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        self.server.is_some()
    }
}

/// The table as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(deserialize_with = "none_if_empty")]
    smtp: Option<SmtpUrl>,
    #[serde(deserialize_with = "none_if_empty")]
    ca: Option<PathBuf>,
    #[serde(deserialize_with = "none_if_empty")]
    from: Option<Sender>,
    #[serde(deserialize_with = "none_if_empty")]
    templates: Option<PathBuf>,
    #[serde(deserialize_with = "none_if_empty")]
    link_verify: Option<Page>,
    #[serde(deserialize_with = "none_if_empty")]
    link_reset: Option<Page>,
    verify_hours: NonZeroU16,
    reset_minutes: NonZeroU16,
}

impl TryFrom<Unchecked> for MailConfig {
    type Error = &'static str;

    fn try_from(given: Unchecked) -> Result<Self, Self::Error> {
        let server = match (given.smtp, given.from) {
            (None, _) => None,
            (Some(_), None) => return Err("AUTH_MAIL_FROM is required with AUTH_SMTP_URL"),
            (Some(url), Some(Sender(from))) => Some(MailServer { url, ca: given.ca, from }),
        };
        Ok(Self {
            server,
            templates: given.templates,
            link_verify: given.link_verify,
            link_reset: given.link_reset,
            verify_hours: given.verify_hours,
            reset_minutes: given.reset_minutes,
        })
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Sender(Mailbox);

impl TryFrom<String> for Sender {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let sender = text.parse().map(Self);
        sender.map_err(|_| "must be a sender like `Films <no-reply@films.example>`")
    }
}

/// A page of the site that takes a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Page(String);

impl Page {
    /// The page with this token in the fragment, which browsers do not send: it appears in no server's
    /// log and in no `Referer`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> String {
        format!("{}#token={token}", self.0)
    }
}

impl TryFrom<String> for Page {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let uri = text.parse::<Uri>().ok();
        let is_page = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !is_page || text.contains('#') || text.contains(char::is_whitespace) {
            return Err("must be a page like `https://films.example/verify`, without a `#`");
        }
        Ok(Self(text))
    }
}
