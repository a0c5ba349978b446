//! The credentials with which a program authenticates at auth-server, as a service client.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::HeaderValue;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::config::NonEmpty;

/// The secret of a service client. Shows nothing.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct ClientSecret(Zeroizing<String>);

impl From<String> for ClientSecret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Either id or secret of the service client is missing.
#[derive(Debug, thiserror::Error)]
#[error("set both {0}CLIENT_ID and {0}CLIENT_SECRET, or neither")]
pub struct IncompleteCredentials(&'static str);

/// The header `Authorization` with these credentials, if there are some. `prefix` is that of the
/// program's settings.
///
/// # Errors
/// Only one of id and secret is set.
pub fn authorization(
    prefix: &'static str,
    id: Option<&NonEmpty>,
    secret: Option<&ClientSecret>,
) -> Result<Option<HeaderValue>, IncompleteCredentials> {
    let (id, secret) = match (id, secret) {
        (None, None) => return Ok(None),
        (Some(id), Some(ClientSecret(secret))) => (id, secret),
        (None, Some(_)) | (Some(_), None) => return Err(IncompleteCredentials(prefix)),
    };
    // RFC 6749, section 2.3.1: both are form-encoded first.
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    let header = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
    let mut header = HeaderValue::from_str(&header).map_err(|_| IncompleteCredentials(prefix))?;
    header.set_sensitive(true);
    Ok(Some(header))
}
