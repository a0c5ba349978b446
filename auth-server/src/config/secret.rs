//! The secret that keys are derived from.

use std::fmt;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use zeroize::Zeroizing;

use service::config::none_if_empty;
use service::config::{Setting, secret};

pub(crate) const SETTINGS: &[Setting] = &[
    secret(
        "AUTH_SECRET",
        "secret.current",
        "at least 32 random bytes in base64 or hex, the same on every replica: `openssl rand -base64 32`; \
         without it one is generated in the user's state directory",
    ),
    secret(
        "AUTH_SECRET_NEXT",
        "secret.next",
        "next secret, before it replaces AUTH_SECRET: it is read but not used",
    ),
    secret(
        "AUTH_SECRET_PREVIOUS",
        "secret.previous",
        "previous secret, for AUTH_SESSION_DAYS after it was replaced",
    ),
];

/// The secret that keys are derived from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretConfig {
    /// The secret in use.
    #[serde(deserialize_with = "none_if_empty")]
    pub current: Option<SecretKey>,
    /// The one that will replace it, with which other servers may write already.
    #[serde(deserialize_with = "none_if_empty")]
    pub next: Option<SecretKey>,
    /// The one before, whose tokens and keys are still taken.
    #[serde(deserialize_with = "none_if_empty")]
    pub previous: Option<SecretKey>,
}

/// At least 32 bytes that nobody else knows. Shows nothing.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretKey(Zeroizing<Vec<u8>>);

impl SecretKey {
    /// The bytes, to derive keys from.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Minimum length of a secret in bytes.
const MIN_LENGTH: usize = 32;

impl TryFrom<String> for SecretKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = Zeroizing::new(text);
        // `base64` and `openssl` break lines.
        let text: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        match decode(&text) {
            Some(bytes) if bytes.len() >= MIN_LENGTH => Ok(Self(Zeroizing::new(bytes))),
            _ => Err(format!(
                "must be {MIN_LENGTH} or more random bytes in base64 or hex; \
                 `openssl rand -base64 32` makes one"
            )),
        }
    }
}

/// The bytes of hex, else of either alphabet of base64, padded or not.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() >= 2 * MIN_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hex(text);
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, lenient).decode(text).ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::SecretKey;

    fn bytes(text: &str) -> Option<Vec<u8>> {
        SecretKey::try_from(text.to_owned()).ok().map(|key| key.bytes().to_vec())
    }

    #[test]
    fn hex_and_both_alphabets_of_base64_are_read() {
        assert_eq!(bytes(&"fB".repeat(32)), Some(vec![0xfb; 32]));
        let padded = format!("{}+/s=\n", "+/v7".repeat(10));
        assert_eq!(bytes(&padded), Some(vec![0xfb; 32]));
        assert_eq!(bytes(&padded.replace("v7+", "v7\r\n+")), bytes(&padded));
        assert_eq!(
            bytes(&padded.replace('+', "-").replace('/', "_").replace('=', "")),
            bytes(&padded)
        );
    }

    #[test]
    fn what_is_short_or_no_encoding_is_refused() {
        for text in ["", "secret", "c2hvcnQ=", &"f".repeat(63), &"!".repeat(64)] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn it_never_shows_itself() {
        let key = SecretKey::try_from("ab".repeat(32)).expect("a secret");
        assert_eq!(format!("{key:?}"), "***");
    }
}
