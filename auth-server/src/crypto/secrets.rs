//! The server's secret, and the keys that are derived from it.

use std::path::PathBuf;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::secret_file::{self, FileError};

use crate::config::{SecretConfig, SecretKey};

/// What a derived key is for. Keys of different purposes tell nothing about each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Authenticates refresh tokens.
    RefreshToken,
    /// Seals the signing keys in the database.
    SigningKeyEncryption,
    /// Makes names of what is throttled that tell nobody who it is.
    Throttle,
    /// Seals the secrets of second factors in the database.
    SecondFactorEncryption,
    /// Seals what a browser keeps of a sign-in by an account elsewhere.
    OidcFlow,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"refresh-token",
            Self::SigningKeyEncryption => b"signing-key-encryption",
            Self::Throttle => b"throttle",
            Self::SecondFactorEncryption => b"second-factor-encryption",
            Self::OidcFlow => b"oidc-flow",
        }
    }
}

/// A derived key: 32 bytes.
pub type DerivedKey = Zeroizing<[u8; 32]>;

/// The secret, and while it is being replaced the one before.
pub struct Secrets {
    current: SecretKey,
    previous: Option<SecretKey>,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no place to keep one.
    #[error("AUTH_SECRET is not set, and there is no home folder to keep one in: set it")]
    NoHome,
    /// The kept file can't be used.
    #[error("AUTH_SECRET is not set, and the one kept on this machine can't be used: {0}")]
    File(#[from] FileError),
    /// The kept file holds something else.
    #[error("AUTH_SECRET is not set, and the one kept in {} {}", .0.display(), .1)]
    Content(PathBuf, String),
}

impl Secrets {
    /// The configured secret; where none is set the one of this user's state folder, made on the
    /// first start.
    ///
    /// # Errors
    /// The kept file can't be made, or can't be trusted.
    pub fn open(config: &SecretConfig) -> Result<Self, SecretError> {
        let current = match &config.current {
            Some(secret) => secret.clone(),
            None => kept()?,
        };
        Ok(Self { current, previous: config.previous.clone() })
    }

    /// As [`Secrets::open`], but makes nothing: none where the first start would make one.
    ///
    /// # Errors
    /// The kept file can't be read, or can't be trusted.
    pub fn look(config: &SecretConfig) -> Result<Option<Self>, SecretError> {
        let current = match &config.current {
            Some(secret) => Some(secret.clone()),
            None => kept_already()?,
        };
        Ok(current.map(|current| Self { current, previous: config.previous.clone() }))
    }

    /// The key for this purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> DerivedKey {
        derive(&self.current, purpose)
    }

    /// The key that the previous secret gave for this purpose.
    #[must_use]
    pub fn derive_previous(&self, purpose: Purpose) -> Option<DerivedKey> {
        self.previous.as_ref().map(|secret| derive(secret, purpose))
    }
}

fn kept() -> Result<SecretKey, SecretError> {
    let path = secret_file::state_path().ok_or(SecretError::NoHome)?;
    let text = secret_file::read_or_make(&path)?;
    tracing::warn!(
        path = %path.display(),
        "AUTH_SECRET is not set: using the one kept in this file; several servers must share one"
    );
    parse(path, &text)
}

fn kept_already() -> Result<Option<SecretKey>, SecretError> {
    let path = secret_file::state_path().ok_or(SecretError::NoHome)?;
    secret_file::read_if_there(&path)?.map(|text| parse(path, &text)).transpose()
}

fn parse(path: PathBuf, text: &str) -> Result<SecretKey, SecretError> {
    SecretKey::try_from(text.to_owned()).map_err(|error| SecretError::Content(path, error))
}

/// HKDF-SHA256 (RFC 5869) with the purpose's label as info.
#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes; 32 are asked for")]
fn derive(secret: &SecretKey, purpose: Purpose) -> DerivedKey {
    let mut key = Zeroizing::new([0; 32]);
    let hkdf = Hkdf::<Sha256>::new(None, secret.bytes());
    hkdf.expand(purpose.label(), key.as_mut()).expect("a key of 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(current: &str, previous: Option<&str>) -> Secrets {
        let key = |digit: &str| SecretKey::try_from(digit.repeat(64)).expect("a secret");
        Secrets { current: key(current), previous: previous.map(key) }
    }

    #[test]
    fn each_purpose_and_each_secret_has_its_own_key() {
        let secrets = secrets("a", Some("b"));
        let refresh = secrets.derive(Purpose::RefreshToken);
        assert_ne!(refresh, secrets.derive(Purpose::SigningKeyEncryption));
        assert_ne!(Some(&refresh), secrets.derive_previous(Purpose::RefreshToken).as_ref());
        assert_ne!(*refresh, [0; 32]);
    }

    #[test]
    fn the_previous_secret_still_gives_its_keys() {
        let before = secrets("b", None).derive(Purpose::RefreshToken);
        let after = secrets("a", Some("b"));
        assert_eq!(after.derive_previous(Purpose::RefreshToken), Some(before));
    }
}
