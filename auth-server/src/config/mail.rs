//! E-mail: who sends it, and what stands in it.

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use chrono::TimeDelta;
use http::Uri;
use lettre::message::Mailbox;
use serde::Deserialize;

use super::setting::{Setting, number, secret, text};
use super::smtp::SmtpUrl;
use super::values::none_if_empty;

pub(crate) const SETTINGS: &[Setting] = &[
    secret(
        "AUTH_SMTP_URL",
        "mail.smtp",
        "mail server, as `smtp://user:password@host:587` (STARTTLS) or `smtps://…`; without it \
         mails go to the log, for development only",
    ),
    text(
        "AUTH_SMTP_CA_FILE",
        "mail.ca",
        "",
        "PEM file with certificates that the mail server's may be signed by, besides the public ones",
    ),
    text(
        "AUTH_MAIL_FROM",
        "mail.from",
        "",
        "sender of mails, as `Films <no-reply@films.example>`; needed with AUTH_SMTP_URL",
    ),
    text(
        "AUTH_MAIL_LINK_VERIFY",
        "mail.link_verify",
        "",
        "page that confirms an address; the token is added as `#token=…`; without it the mail has the bare token",
    ),
    text(
        "AUTH_MAIL_LINK_RESET",
        "mail.link_reset",
        "",
        "page that asks for a new password; likewise",
    ),
    number(
        "AUTH_MAIL_VERIFY_HOURS",
        "mail.verify_hours",
        "24",
        "a token that confirms an address is good for this long, h",
    ),
    number(
        "AUTH_MAIL_RESET_MINUTES",
        "mail.reset_minutes",
        "30",
        "a token that sets a new password is good for this long, min",
    ),
    number(
        "AUTH_MAIL_CLAIM_DAYS",
        "mail.claim_days",
        "7",
        "an address that was not confirmed for this long may be claimed by somebody else, days",
    ),
    number("AUTH_MAIL_QUEUE", "mail.queue", "1000", "mails that may wait to be sent"),
];

/// E-mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Unchecked")]
pub struct MailConfig {
    /// The mail server and the sender; `None`: mails go to the log.
    pub server: Option<MailServer>,
    /// Page that confirms an address.
    pub link_verify: Option<Page>,
    /// Page that asks for a new password.
    pub link_reset: Option<Page>,
    /// Most mails that wait to be sent.
    pub queue: NonZeroU32,
    verify_hours: NonZeroU16,
    reset_minutes: NonZeroU16,
    claim_days: NonZeroU16,
}

/// Who sends, and through whom.
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
    /// Life of a token that confirms an address.
    #[must_use]
    pub fn verify_life(&self) -> TimeDelta {
        TimeDelta::hours(self.verify_hours.get().into())
    }

    /// Life of a token that sets a new password.
    #[must_use]
    pub fn reset_life(&self) -> TimeDelta {
        TimeDelta::minutes(self.reset_minutes.get().into())
    }

    /// How long an address is kept from others that was not confirmed. For good where no mail is
    /// sent: nobody could confirm it.
    #[must_use]
    pub fn claim_life(&self) -> Option<TimeDelta> {
        self.server.as_ref().map(|_| TimeDelta::days(self.claim_days.get().into()))
    }
}

/// As it stands in the file.
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
    link_verify: Option<Page>,
    #[serde(deserialize_with = "none_if_empty")]
    link_reset: Option<Page>,
    queue: NonZeroU32,
    verify_hours: NonZeroU16,
    reset_minutes: NonZeroU16,
    claim_days: NonZeroU16,
}

impl TryFrom<Unchecked> for MailConfig {
    type Error = &'static str;

    fn try_from(given: Unchecked) -> Result<Self, Self::Error> {
        let Unchecked { smtp, ca, from, link_verify, link_reset, queue, .. } = given;
        let server = match (smtp, from) {
            (None, _) => None,
            (Some(_), None) => return Err("AUTH_MAIL_FROM must be set where AUTH_SMTP_URL is"),
            (Some(url), Some(Sender(from))) => Some(MailServer { url, ca, from }),
        };
        let Unchecked { verify_hours, reset_minutes, claim_days, .. } = given;
        Ok(Self { server, link_verify, link_reset, queue, verify_hours, reset_minutes, claim_days })
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

/// A page of the site's, to which a token is added.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Page(String);

impl Page {
    /// The page with this token. It stands in the fragment, which browsers keep to themselves: it is
    /// in no server's log and in no `Referer`.
    #[must_use]
    pub fn with(&self, token: &str) -> String {
        format!("{}#token={token}", self.0)
    }
}

impl TryFrom<String> for Page {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let uri = text.parse::<Uri>().ok();
        let known = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !known || text.contains('#') || text.contains(char::is_whitespace) {
            return Err("must be a page like `https://films.example/verify`, without a `#`");
        }
        Ok(Self(text))
    }
}
