//! Reauthentication (step-up): a sensitive operation asks for the password or a code of the second
//! factor, which an attacker who finds an unlocked screen does not have.

use std::sync::Arc;

use chrono::TimeDelta;
use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::{Principal, TokenError};
use crate::db::{PgConnection, Transaction};
use crate::http::problem::{Problem, Spec};
use crate::http::request_errors::FIELD;
use crate::password::{Password, Verification};
use crate::second_factor::{CodeCheck, SecondFactors, throttled};
use crate::session::{Sessions, lock_active};
use crate::throttle::AttemptOutcome;
use crate::user::credentials;

pub(crate) const PASSWORD_INCORRECT: Spec =
    Spec::new(403, "current_password_wrong", "The current password is incorrect.");

const INVALID_CODE: Spec =
    Spec::new(403, "invalid_code", "The code is invalid, expired or already used.");

const REQUIRED: Spec =
    Spec::new(403, "reauthentication_required", "This operation requires a recent login.");

/// Problems of an operation that asks for a [`Reauthentication`], besides
/// [`crate::throttle::THROTTLE`] and [`crate::db::DATABASE`].
pub(crate) const REAUTHENTICATION: &[Spec] = &[PASSWORD_INCORRECT, INVALID_CODE, REQUIRED];

/// Names the attempts in rate limit headers.
const PURPOSE: &str = "current-password";

/// How old a session may be that needs no reauthentication, because the account has neither password
/// nor second factor.
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// Either the password or a code. An account with neither password nor second factor sends none of
/// them; its session must then be at most five minutes old.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reauthentication {
    /// The current password.
    #[oai(write_only)]
    pub current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    pub code: Option<String>,
}

/// A reauthenticated caller. Valid until the password changes or the session ends, so the
/// change must be made in a transaction of [`AppState::begin_change`].
pub(crate) struct Reauthenticated {
    user: Uuid,
    session: Uuid,
    /// The stored hash; `None` for an account without a password.
    password_hash: Option<String>,
}

impl Reauthenticated {
    /// Whether the account has a password.
    pub(crate) const fn has_password(&self) -> bool {
        self.password_hash.is_some()
    }
}

impl AppState {
    /// Verifies that the caller knows the password or has the second factor. A code is consumed.
    pub(crate) async fn reauthenticate(
        self: &Arc<Self>,
        caller: &Principal,
        sent: Reauthentication,
    ) -> Result<Reauthenticated, Problem> {
        let this = Arc::clone(self);
        let (user, session) = (caller.user, caller.session);
        self.complete(async move { this.check_reauthentication(user, session, sent).await }).await
    }

    async fn check_reauthentication(
        &self,
        user: Uuid,
        session: Uuid,
        sent: Reauthentication,
    ) -> Result<Reauthenticated, Problem> {
        let password_hash = match (sent.current_password, sent.code) {
            (Some(password), None) => Some(self.check_password(user, password).await?),
            (None, Some(code)) => self.check_code(user, &code).await?,
            (None, None) => {
                self.check_recent_login(user, session).await?;
                None
            }
            (Some(_), Some(_)) => {
                return Err(Problem::new(FIELD)
                    .field("code")
                    .detail("Send either `current_password` or `code`."));
            }
        };
        Ok(Reauthenticated { user, session, password_hash })
    }

    /// Begins the transaction of a change that the caller has reauthenticated for.
    pub(crate) async fn begin_change(
        &self,
        caller: &Reauthenticated,
    ) -> Result<Transaction<'_>, Problem> {
        let mut transaction = self.pool.begin().await?;
        self.hold(&mut transaction, caller).await?;
        Ok(transaction)
    }

    /// Locks the caller's account and session, and refuses if what the caller reauthenticated with
    /// is no longer valid: a concurrent request may have changed the password or ended the session.
    pub(crate) async fn hold(
        &self,
        transaction: &mut PgConnection,
        caller: &Reauthenticated,
    ) -> Result<(), Problem> {
        let Reauthenticated { user, session, password_hash } = caller;
        if !credentials::lock(transaction, *user, password_hash.as_deref()).await? {
            return Err(incorrect_password());
        }
        if !lock_active(transaction, *user, *session, self.clock.now()).await? {
            return Err(TokenError::Revoked.into());
        }
        Ok(())
    }

    /// The stored hash of the account's password, if this is it. Failed attempts are throttled.
    pub(crate) async fn check_password(
        &self,
        user: Uuid,
        typed: Password,
    ) -> Result<String, Problem> {
        let permit = self.throttle.begin_reauthentication(user, PURPOSE).await?;
        let checked = self.verify_password(user, typed).await;
        permit
            .settle(match &checked {
                Ok(Some(_)) => AttemptOutcome::Succeeded,
                Ok(None) => AttemptOutcome::Failed,
                Err(_) => AttemptOutcome::Unverified,
            })
            .await;
        checked?.ok_or_else(incorrect_password)
    }

    /// The stored hash, if the password matches it.
    async fn verify_password(
        &self,
        user: Uuid,
        typed: Password,
    ) -> Result<Option<String>, Problem> {
        let stored = credentials::password_hash(&self.pool, user).await?;
        let verification = self.hasher.verify(typed, stored.clone()).await?;
        Ok(stored.filter(|_| verification != Verification::Incorrect))
    }

    async fn check_code(&self, user: Uuid, code: &str) -> Result<Option<String>, Problem> {
        let _turn = self.throttle.code_turn(user).await?;
        let mut transaction = self.pool.begin().await?;
        let stored = credentials::password_hash(&mut *transaction, user).await?;
        let checked = self.second_factors.verify_code(&mut transaction, user, code).await?;
        transaction.commit().await?;
        match checked {
            CodeCheck::Valid => Ok(stored),
            CodeCheck::Invalid | CodeCheck::Used | CodeCheck::NotEnabled => {
                Err(Problem::new(INVALID_CODE))
            }
            CodeCheck::Throttled { seconds, .. } => Err(throttled(seconds)),
        }
    }

    /// A recent login is enough only for an account with neither password nor second factor.
    async fn check_recent_login(&self, user: Uuid, session: Uuid) -> Result<(), Problem> {
        let mut database = self.pool.acquire().await?;
        if credentials::password_hash(&mut database, user).await?.is_some() {
            return Err(Problem::new(FIELD)
                .field("current_password")
                .detail("Send your current password, or a `code` of your second factor."));
        }
        if SecondFactors::is_enabled(&mut database, user).await? {
            return Err(Problem::new(FIELD)
                .field("code")
                .detail("Send a `code` of your second factor."));
        }
        let opened = Sessions::opened_at(&mut database, user, session).await?;
        if opened.is_some_and(|opened| self.clock.now() - opened <= RECENT) {
            return Ok(());
        }
        Err(Problem::new(REQUIRED).detail(format!(
            "Log in again, then repeat the request within {} minutes.",
            RECENT.num_minutes(),
        )))
    }
}

/// The change turned out to need reauthentication only when it was made.
#[must_use]
pub(crate) fn reauthentication_required() -> Problem {
    let detail =
        "The account was changed meanwhile; repeat the request with your current password.";
    Problem::new(REQUIRED).detail(detail)
}

/// The password is incorrect, or was changed after it was checked.
fn incorrect_password() -> Problem {
    Problem::new(PASSWORD_INCORRECT)
}
