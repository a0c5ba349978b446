//! The secret shared with an authenticator app, and its codes (TOTP).

use chrono::{DateTime, Utc};
use qrcode::QrCode;
use qrcode::render::svg::Color;
use rand::RngCore;
use totp_rs::{Builder, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::SecondFactors;
use crate::crypto::Decrypted;
use crate::http::problem::{INTERNAL, Problem};

/// Length of a secret in bytes, as recommended by RFC 4226.
const SECRET_LENGTH: usize = 20;

/// Minimum width and height of a QR code in pixels.
const QR_CODE_SIZE: u32 = 240;

/// A new secret for the user's authenticator app. It is shown only once.
pub(crate) struct Enrollment {
    /// Base32, for manual entry.
    pub secret: Zeroizing<String>,
    /// The same as an `otpauth://` URI.
    pub uri: Zeroizing<String>,
    /// The URI as a QR code: an SVG document, black on white with a quiet zone.
    pub qr_svg: String,
    /// For the database.
    pub encrypted: Vec<u8>,
}

impl SecondFactors {
    /// A new secret for this user.
    ///
    /// # Errors
    /// An internal error, which is logged.
    pub(crate) fn enroll(&self, user: Uuid, login: &str) -> Result<Enrollment, Problem> {
        let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
        rand::rng().fill_bytes(secret.as_mut());
        let totp = self.totp(secret.as_ref(), login)?;
        let uri = totp.to_url().map_err(|error| internal(&error))?;
        let encrypted = self.encryption.encrypt(&label(user), secret.as_ref());
        Ok(Enrollment {
            secret: Zeroizing::new(totp.secret().to_base32()),
            qr_svg: qr_code(&uri).map_err(|error| internal(&error))?,
            uri: Zeroizing::new(uri),
            encrypted: encrypted.map_err(|error| internal(&error))?,
        })
    }

    /// The time step of which this is the code: the current, the previous or the next one.
    ///
    /// # Errors
    /// The secret cannot be decrypted, which is logged.
    pub(super) fn matching_step(
        &self,
        user: Uuid,
        encrypted: &[u8],
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, Problem> {
        let decrypted = self.encryption.decrypt(&label(user), encrypted).ok_or_else(|| {
            tracing::error!(%user, "a second factor is encrypted with another AUTH_SECRET");
            Problem::new(INTERNAL)
        })?;
        let secret = decrypted.into_plaintext();
        let second = u64::try_from(now.timestamp()).unwrap_or_default();
        // Compares in constant time.
        let step = self.totp(&secret, "")?.check(code, second);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    /// The secret encrypted with the current key, if it is encrypted with another one.
    pub(super) fn reencrypted(&self, user: Uuid, encrypted: &[u8]) -> Option<Vec<u8>> {
        match self.encryption.decrypt(&label(user), encrypted)? {
            Decrypted::Current(_) => None,
            Decrypted::Other(secret) => self.encryption.encrypt(&label(user), &secret).ok(),
        }
    }

    /// SHA-1, six digits, 30 seconds, one step either way: what every app supports.
    fn totp(&self, secret: &[u8], login: &str) -> Result<Totp, Problem> {
        // A colon separates issuer and account in the URI.
        let (issuer, account) = (self.issuer.replace(':', " "), login.replace(':', " "));
        Builder::new()
            .with_secret(secret)
            .with_skew(1)
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()
            .map_err(|error| internal(&error))
    }
}

/// Additional authenticated data: a secret cannot be moved to another user's row.
pub(crate) fn label(user: Uuid) -> String {
    format!("second-factor:{user}")
}

fn internal(error: &impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "no second factor created");
    Problem::new(INTERNAL)
}

fn qr_code(text: &str) -> Result<String, qrcode::types::QrError> {
    let code = QrCode::new(text)?;
    Ok(code.render::<Color<'_>>().min_dimensions(QR_CODE_SIZE, QR_CODE_SIZE).build())
}
