//! The mail server's URL, and how the connection to it is encrypted.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Encryption of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte.
    Wrapped,
    /// STARTTLS; if the server does not offer it, nothing is sent.
    StartTls,
    /// None: on this machine, or where the URL says so.
    None,
}

/// A mail server: `smtp://user:password@host:587`, `smtps://…`. Shows no password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct SmtpUrl {
    /// Host name, which the certificate must carry.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption of the connection.
    pub encryption: Encryption,
    /// User name and password.
    pub credentials: Option<(String, Zeroizing<String>)>,
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Error messages leave the value out: it may hold a password.
const BROKEN: &str = "must be like `smtp://user:password@host:587` or `smtps://user:password@host`";

impl TryFrom<String> for SmtpUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        let url = Zeroizing::new(url);
        let uri: Uri = url.parse().map_err(|_| BROKEN)?;
        let (host, query) = (uri.host().ok_or(BROKEN)?, uri.query());
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || !matches!(uri.path(), "" | "/") {
            return Err(BROKEN);
        }
        let (standard, encryption) = match (uri.scheme_str(), query) {
            (Some("smtps"), None) => (465, Encryption::Wrapped),
            (Some("smtp"), None) if is_loopback(&host) => (587, Encryption::None),
            (Some("smtp"), None | Some("tls=starttls")) => (587, Encryption::StartTls),
            (Some("smtp"), Some("tls=none")) => (587, Encryption::None),
            _ => return Err(BROKEN),
        };
        let credentials = credentials(uri.authority().ok_or(BROKEN)?.as_str())?;
        if credentials.is_some() && encryption == Encryption::None && !is_loopback(&host) {
            return Err("a password is not sent to another machine without TLS");
        }
        Ok(Self { host, port: uri.port_u16().unwrap_or(standard), encryption, credentials })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn credentials(authority: &str) -> Result<Option<(String, Zeroizing<String>)>, &'static str> {
    let Some((both, _)) = authority.rsplit_once('@') else { return Ok(None) };
    let (user, password) = both.split_once(':').ok_or(BROKEN)?;
    let decode = |text| percent_decode_str(text).decode_utf8().map_err(|_| BROKEN);
    let password = Zeroizing::new(decode(password)?.into_owned());
    Ok(Some((decode(user)?.into_owned(), password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<SmtpUrl, &'static str> {
        SmtpUrl::try_from(text.to_owned())
    }

    #[test]
    fn only_this_machine_or_an_explicit_setting_goes_without_encryption() {
        for (text, port, encryption) in [
            ("smtp://mail.example", 587, Encryption::StartTls),
            ("smtp://mail.example:25?tls=none", 25, Encryption::None),
            ("smtps://mail.example/", 465, Encryption::Wrapped),
            ("smtp://127.0.0.1:2525", 2525, Encryption::None),
            ("smtp://[::1]", 587, Encryption::None),
            ("smtp://localhost?tls=starttls", 587, Encryption::StartTls),
        ] {
            let url = url(text).expect(text);
            assert_eq!((url.port, url.encryption), (port, encryption), "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_not_displayed() {
        let url = url("smtps://user%40films:p%3Ass@mail.example").expect("a URL");
        let (user, password) = url.credentials.clone().expect("credentials");
        assert_eq!((user.as_str(), password.as_str()), ("user@films", "p:ss"));
        assert_eq!(format!("{url:?}"), "mail.example:465");
    }

    #[test]
    fn invalid_urls_are_rejected() {
        for text in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://user@mail.example",
            "smtp://mail.example/x",
            "smtp://mail.example?tls=maybe",
            "smtps://mail.example?tls=none",
            "smtp://user:password@mail.example?tls=none",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
