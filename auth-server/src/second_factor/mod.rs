//! The second factor of a login: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

pub(crate) mod mfa_requirement;
pub(crate) mod recovery_codes;
pub(crate) mod reencrypt;
pub(crate) mod store;
pub(crate) mod totp;
mod typed_code;
pub(crate) mod verify;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) use mfa_requirement::{MFA_REQUIRED, MfaRequirement};
pub(crate) use recovery_codes::RecoveryCodes;
pub(crate) use reencrypt::reencrypt;
pub(crate) use totp::label as encryption_label;
pub(crate) use verify::{CodeCheck, throttled};

use crate::clock::Clock;
use crate::crypto::EncryptionKeys;
use crate::db::PgConnection;
use crate::token::Challenges;

/// Enrolls and verifies second factors.
pub(crate) struct SecondFactors {
    encryption: EncryptionKeys,
    challenges: Challenges,
    /// What authenticator apps show beside the login.
    issuer: String,
    clock: Clock,
}

impl SecondFactors {
    /// Secrets are encrypted with these keys; authenticator apps show them under `issuer`.
    #[must_use]
    pub(crate) const fn new(
        encryption: EncryptionKeys,
        challenges: Challenges,
        issuer: String,
        clock: Clock,
    ) -> Self {
        Self { encryption, challenges, issuer, clock }
    }

    /// The challenges between the first and the second step of a login.
    #[must_use]
    pub(crate) const fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    /// Whether the user has an enabled second factor.
    pub(crate) async fn is_enabled(database: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
        Ok(Self::enabled_since(database, user).await?.is_some())
    }

    /// When the user's second factor was enabled, which identifies it; none if there is no enabled
    /// one. To be read in the transaction that opens a session, after it has locked the account, so
    /// that none is enabled concurrently.
    pub(crate) async fn enabled_since(
        database: &mut PgConnection,
        user: Uuid,
    ) -> sqlx::Result<Option<DateTime<Utc>>> {
        store::enabled_since(database, user).await
    }
}
