//! The second factor of a login: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.
//!
//! `secret` what app and server share · `picture` the secret to be scanned · `recovery` codes for
//! the day the app is gone · `check` one try, throttled · `gate` superusers without one · `reencrypt`
//! a change of `AUTH_SECRET` · `spent` challenges are good once. The operations are in `account`, `login` and `admin`.

pub(crate) mod check;
pub(crate) mod consumed_challenges;
pub(crate) mod mfa_requirement;
pub(crate) mod qr_code;
pub(crate) mod recovery;
pub(crate) mod reencrypt;
pub(crate) mod secret;
pub(crate) mod store;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use check::{Checked, too_many};
pub(crate) use mfa_requirement::{Gate, REQUIRED};
pub(crate) use qr_code::svg;
pub(crate) use recovery::fresh as fresh_recovery_codes;
pub(crate) use reencrypt::reencrypt;

use crate::clock::Clock;
use crate::crypto::EncryptionKeys;
use crate::token::Challenges;

/// Makes and checks second factors.
pub(crate) struct SecondFactors {
    encryption: EncryptionKeys,
    challenges: Challenges,
    /// What authenticator apps show beside the login.
    name: String,
    clock: Clock,
}

impl SecondFactors {
    /// Secrets are encrypted under these keys; apps show them under `name`.
    #[must_use]
    pub(crate) const fn new(
        encryption: EncryptionKeys,
        challenges: Challenges,
        name: String,
        clock: Clock,
    ) -> Self {
        Self { encryption, challenges, name, clock }
    }

    /// What somebody holds whose password was right and who owes a code.
    #[must_use]
    pub(crate) const fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    /// True where the user signs in with a second factor. To be asked in the transaction that opens
    /// a session, after it has locked the account: then nobody turns it on meanwhile.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn is_on(database: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
        Ok(Self::since(database, user).await?.is_some())
    }

    /// Since when, where it is so: one factor is told from another by it.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn since(
        database: &mut PgConnection,
        user: Uuid,
    ) -> sqlx::Result<Option<DateTime<Utc>>> {
        store::since(database, user).await
    }
}
