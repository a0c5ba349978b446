//! The secret that an authenticator app and the server share.

use chrono::{DateTime, Utc};
use rand::RngCore;
use totp_rs::{Builder, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::SecondFactors;
use crate::crypto::Decrypted;
use crate::http::problem::{INTERNAL, Problem};

/// Length of a secret in bytes, as RFC 4226 recommends it.
const LENGTH: usize = 20;

/// A secret on its way to the user's app; it is shown this once.
pub(crate) struct Enrolment {
    /// In base32, for typing.
    pub secret: Zeroizing<String>,
    /// As `otpauth://` URI, for scanning.
    pub uri: Zeroizing<String>,
    /// For the database.
    pub encrypted: Vec<u8>,
}

impl SecondFactors {
    /// A new secret for this user.
    ///
    /// # Errors
    /// A library refused what it should take; the log says which.
    pub(crate) fn enrol(&self, user: Uuid, login: &str) -> Result<Enrolment, Problem> {
        let mut secret = Zeroizing::new([0; LENGTH]);
        rand::rng().fill_bytes(secret.as_mut());
        let totp = self.totp(secret.as_ref(), login)?;
        let uri = totp.to_url().map_err(|error| broken(&error))?;
        let encrypted = self.encryption.encrypt(&label(user), secret.as_ref());
        Ok(Enrolment {
            secret: Zeroizing::new(totp.secret().to_base32()),
            uri: Zeroizing::new(uri),
            encrypted: encrypted.map_err(|error| broken(&error))?,
        })
    }

    /// The time step whose code this is, of the current one, the one before and the one after.
    ///
    /// # Errors
    /// The secret was encrypted under a key that is gone; the log says so.
    pub(crate) fn step_of(
        &self,
        user: Uuid,
        encrypted: &[u8],
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, Problem> {
        let decrypted = self.encryption.decrypt(&label(user), encrypted).ok_or_else(|| {
            tracing::error!(%user, "a second factor was encrypted under another AUTH_SECRET");
            Problem::new(INTERNAL)
        })?;
        let (Decrypted::Current(secret) | Decrypted::Previous(secret)) = decrypted;
        let second = u64::try_from(now.timestamp()).unwrap_or_default();
        // Compares in constant time.
        let step = self.totp(&secret, "")?.check(code, second);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    /// Sealed under the current key, where it was under the one before.
    pub(crate) fn reencrypted(&self, user: Uuid, encrypted: &[u8]) -> Option<Vec<u8>> {
        match self.encryption.decrypt(&label(user), encrypted)? {
            Decrypted::Current(_) => None,
            Decrypted::Previous(secret) => self.encryption.encrypt(&label(user), &secret).ok(),
        }
    }

    /// SHA-1, six digits, 30 seconds, one step either way: what every app understands.
    fn totp(&self, secret: &[u8], login: &str) -> Result<Totp, Problem> {
        // A colon divides issuer and account in the URI.
        let (issuer, account) = (self.name.replace(':', " "), login.replace(':', " "));
        Builder::new()
            .with_secret(secret)
            .with_skew(1)
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()
            .map_err(|error| broken(&error))
    }
}

/// What a secret is encrypted beside: it can't be moved to another user's row.
fn label(user: Uuid) -> String {
    format!("second-factor:{user}")
}

fn broken(error: &impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a second factor can't be made");
    Problem::new(INTERNAL)
}
