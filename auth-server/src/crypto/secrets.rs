//! The server's secret, and the keys derived from it.

use std::path::PathBuf;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::state_file::{self, StateFileError};
use crate::config::{SecretConfig, SecretKey};

/// Purpose of a derived key. Keys for different purposes reveal nothing about each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Authenticates refresh tokens.
    RefreshToken,
    /// Encrypts the signing keys in the database.
    SigningKeyEncryption,
    /// Makes keys of throttled logins and addresses that do not reveal them.
    Throttle,
    /// Encrypts the secrets of second factors in the database.
    SecondFactorEncryption,
    /// Encrypts the cookie of an OIDC flow.
    OidcFlow,
    /// Tells secrets apart without revealing them.
    Fingerprint,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"refresh-token",
            Self::SigningKeyEncryption => b"signing-key-encryption",
            Self::Throttle => b"throttle",
            Self::SecondFactorEncryption => b"second-factor-encryption",
            Self::OidcFlow => b"oidc-flow",
            Self::Fingerprint => b"fingerprint",
        }
    }
}

/// A derived key: 32 bytes.
pub type DerivedKey = Zeroizing<[u8; 32]>;

/// The server's secret, and the next and the previous one while it is being replaced.
pub struct Secrets {
    current: SecretKey,
    next: Option<SecretKey>,
    previous: Option<SecretKey>,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no home directory to store one in.
    #[error("AUTH_SECRET is not set, and there is no home directory to store a secret in; set it")]
    NoHome,
    /// The stored secret cannot be read or created.
    #[error("AUTH_SECRET is not set, and the secret stored on this machine cannot be used: {0}")]
    File(#[from] StateFileError),
    /// The stored secret is invalid.
    #[error("AUTH_SECRET is not set, and the secret stored in {} {}", .0.display(), .1)]
    Content(PathBuf, String),
}

impl Secrets {
    /// The configured secret, or else the one in the user's state directory, which is created on the
    /// first start.
    ///
    /// # Errors
    /// The stored secret cannot be read, created or trusted.
    pub fn load_or_create(config: &SecretConfig) -> Result<Self, SecretError> {
        let current = match &config.current {
            Some(secret) => secret.clone(),
            None => load_or_create()?,
        };
        Ok(Self::of(config, current))
    }

    /// As [`Secrets::load_or_create`], but returns none instead of creating a secret.
    ///
    /// # Errors
    /// The stored secret cannot be read or trusted.
    pub fn load(config: &SecretConfig) -> Result<Option<Self>, SecretError> {
        let current = match &config.current {
            Some(secret) => Some(secret.clone()),
            None => load()?,
        };
        Ok(current.map(|current| Self::of(config, current)))
    }

    fn of(config: &SecretConfig, current: SecretKey) -> Self {
        Self { current, next: config.next.clone(), previous: config.previous.clone() }
    }

    /// The key for this purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> DerivedKey {
        derive(&self.current, purpose)
    }

    /// The keys that the other secrets derive for this purpose: they read and never write.
    #[must_use]
    pub fn derive_others(&self, purpose: Purpose) -> Vec<DerivedKey> {
        let others = [&self.previous, &self.next].into_iter().flatten();
        others.map(|secret| derive(secret, purpose)).collect()
    }

    /// True while the secret replaces another one.
    #[must_use]
    pub const fn has_previous(&self) -> bool {
        self.previous.is_some()
    }

    /// What tells the previous secret from others, if there is one.
    #[must_use]
    pub fn previous_fingerprint(&self) -> Option<Vec<u8>> {
        let previous = self.previous.as_ref()?;
        Some(derive(previous, Purpose::Fingerprint).to_vec())
    }

    /// What tells the secrets apart, that of the current one first.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<Vec<u8>> {
        let current = self.derive(Purpose::Fingerprint);
        let all = [current].into_iter().chain(self.derive_others(Purpose::Fingerprint));
        all.map(|fingerprint| fingerprint.to_vec()).collect()
    }
}

fn load_or_create() -> Result<SecretKey, SecretError> {
    let path = state_file::path().ok_or(SecretError::NoHome)?;
    let text = state_file::read_or_create(&path)?;
    tracing::warn!(
        path = %path.display(),
        "AUTH_SECRET is not set; using the secret in this file, which all servers must share"
    );
    parse(path, &text)
}

fn load() -> Result<Option<SecretKey>, SecretError> {
    let path = state_file::path().ok_or(SecretError::NoHome)?;
    state_file::read(&path)?.map(|text| parse(path, &text)).transpose()
}

fn parse(path: PathBuf, text: &str) -> Result<SecretKey, SecretError> {
    SecretKey::try_from(text.to_owned()).map_err(|error| SecretError::Content(path, error))
}

/// HKDF-SHA256 (RFC 5869) with the label of the purpose as `info`.
#[expect(clippy::expect_used, reason = "HKDF-SHA256 derives up to 8,160 bytes; 32 are requested")]
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
        Secrets { current: key(current), next: None, previous: previous.map(key) }
    }

    #[test]
    fn each_purpose_and_each_secret_has_its_own_key() {
        let secrets = secrets("a", Some("b"));
        let refresh = secrets.derive(Purpose::RefreshToken);
        assert_ne!(refresh, secrets.derive(Purpose::SigningKeyEncryption));
        assert!(!secrets.derive_others(Purpose::RefreshToken).contains(&refresh));
        assert_ne!(*refresh, [0; 32]);
    }

    #[test]
    fn the_previous_secret_still_derives_its_keys() {
        let before = secrets("b", None).derive(Purpose::RefreshToken);
        let after = secrets("a", Some("b"));
        assert_eq!(after.derive_others(Purpose::RefreshToken), [before]);
    }
}
