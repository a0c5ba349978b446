//! `POST /api/v1/auth/login`

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use super::device::FromDevice;
use super::login_response::{LoginResponse, LoginResult};
use super::open_session::{SessionError, open_session};
use super::{failed, unverified};
use crate::api::AppState;
use crate::db::DATABASE_WRITE;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, Reply};
use crate::login_history::{LoginAttempt, LoginOutcome, Merged, Method};
use crate::password::{Password, Verification};
use crate::problems;
use crate::second_factor::SecondFactors;
use crate::session::Device;
use crate::throttle::{AttemptOutcome, LoginSource, THROTTLE};
use crate::user::credentials::{self, Credentials, TypedName};

/// The credentials of a login.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    /// The login, or a verified e-mail address; case-insensitive.
    login: String,
    /// The password.
    #[oai(write_only)]
    password: Password,
}

problems! {
    /// Why a login failed.
    pub(crate) enum LoginError includes [BODY, THROTTLE, DATABASE_WRITE] {
        CredentialsInvalid = 401 "credentials_invalid" "Incorrect login or password.",
        UserAgentNotAllowed = 403 "agent_not_allowed" "This account does not accept logins from this user agent; use a client that its owner allows.",
    }
}

impl From<SessionError> for LoginError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::UserAgentNotAllowed => Self::UserAgentNotAllowed,
            SessionError::Problem(problem) => problem.into(),
        }
    }
}

/// How many times a password is verified when the stored hash is replaced concurrently.
const MAX_VERIFICATIONS: usize = 3;

/// A password that was verified against the stored hash.
struct VerifiedPassword {
    user: Uuid,
    stored_hash: String,
    /// The hash to store: the same, or a new one where the cost settings have changed.
    new_hash: String,
}

/// What a verified password led to.
enum Opening {
    LoggedIn(LoginResult),
    /// The stored hash is no longer the one that was verified.
    HashReplaced,
}

pub(crate) struct LogIn(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl LogIn {
    /// Log in with a password.
    ///
    /// Incorrect passwords, unknown logins and disabled accounts get the same response. After a few
    /// failed attempts, further attempts are rejected for some seconds. Users with a second factor
    /// receive a challenge instead of tokens; send it with a code to
    /// `POST /api/v1/auth/login/second-factor`.
    #[oai(path = "/login", method = "post", operation_id = "log_in")]
    async fn log_in(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        Body(form): Body<LoginForm>,
    ) -> Result<Reply<LoginResponse>, LoginError> {
        let this = Self(Arc::clone(&self.0));
        let attempt = async move { this.attempt(address, device, form).await };
        self.0.complete(attempt).await.map(|result| Reply(result.into()))
    }
}

impl LogIn {
    /// One attempt, counted and recorded.
    async fn attempt(
        &self,
        address: IpAddr,
        device: Device,
        form: LoginForm,
    ) -> Result<LoginResult, LoginError> {
        let AppState { pool, throttle, .. } = &*self.0;
        let name = TypedName::read(&form.login);
        let login = name.key();
        let mut attempt = LoginAttempt::new(Method::Password, device);

        let result: Result<LoginResult, LoginError> = async {
            let turn = throttle.turn(login).await?;
            let account = credentials::find(pool, &name).await?;
            attempt.user = account.as_ref().map(|account| account.id);
            // Attempts are counted by what was typed: counted by account, a rejection would reveal
            // which account an e-mail address belongs to.
            let source = LoginSource { login, user: attempt.user, address };
            let permit = throttle.begin_login(turn, pool, source).await.map_err(|refusal| {
                attempt.merged = refusal.lockout.map(Merged::ByLockout);
                refusal.problem
            })?;
            let result = self.authenticate(&name, account, form.password, &attempt.device).await;
            permit
                .settle(match &result {
                    // A caller whose user agent is rejected knows the password.
                    Ok(_) | Err(LoginError::UserAgentNotAllowed) => AttemptOutcome::Succeeded,
                    Err(LoginError::CredentialsInvalid) => AttemptOutcome::Failed,
                    Err(LoginError::Problem(_)) => AttemptOutcome::Unverified,
                })
                .await;
            result
        }
        .await;

        let outcome = match &result {
            Ok(LoginResult::Session(session)) => {
                attempt.session = Some(session.id);
                LoginOutcome::Succeeded
            }
            Ok(LoginResult::SecondFactorRequired(_)) => LoginOutcome::SecondFactorRequired,
            Err(error @ LoginError::Problem(_)) => unverified(error),
            Err(error) => failed(error),
        };
        self.0.record_login(attempt, outcome);
        result
    }

    /// Verifies the password and opens a session, or issues a challenge for the second factor.
    async fn authenticate(
        &self,
        name: &TypedName,
        mut account: Option<Credentials>,
        password: Password,
        device: &Device,
    ) -> Result<LoginResult, LoginError> {
        let AppState { pool, hasher, .. } = &*self.0;
        for _ in 0..MAX_VERIFICATIONS {
            let stored = account.as_ref().and_then(|account| account.password_hash.clone());
            // Without a stored hash a dummy is verified, so that the response takes as long.
            let verdict = hasher.verify(password.clone(), stored).await?;
            // Disabled accounts are rejected here: in the transaction it would take measurably longer.
            let Some(Credentials { id: user, password_hash: Some(stored_hash), disabled: false }) =
                account
            else {
                return Err(LoginError::CredentialsInvalid);
            };
            let new_hash = match verdict {
                Verification::Incorrect => return Err(LoginError::CredentialsInvalid),
                Verification::Correct => stored_hash.clone(),
                Verification::Rehashed(hash) => hash,
            };
            let verified = VerifiedPassword { user, stored_hash, new_hash };
            match self.open(&verified, device).await? {
                Opening::LoggedIn(result) => return Ok(result),
                // Rehashed or changed by a concurrent request: verify against the new hash.
                Opening::HashReplaced => {}
            }
            let again = credentials::find(pool, name).await?;
            account = again.filter(|account| account.id == user);
        }
        Err(LoginError::CredentialsInvalid)
    }

    async fn open(
        &self,
        verified: &VerifiedPassword,
        device: &Device,
    ) -> Result<Opening, LoginError> {
        let AppState { pool, clock, authenticator, .. } = &*self.0;
        let VerifiedPassword { user, stored_hash, new_hash } = verified;
        let mut transaction = pool.begin().await?;
        let number = credentials::begin_session(
            &mut transaction,
            *user,
            Some(stored_hash),
            Some(new_hash),
            clock.now(),
        );
        let Some(number) = number.await? else { return Ok(Opening::HashReplaced) };
        if let Some(since) = SecondFactors::enabled_since(&mut transaction, *user).await? {
            transaction.rollback().await?;
            return Ok(self.challenge(verified, since).await?);
        }
        let session = open_session(&self.0, &mut transaction, *user, number, device).await?;
        transaction.commit().await?;
        authenticator.revoke(&session.revocations);
        Ok(Opening::LoggedIn(LoginResult::Session(session)))
    }

    /// Stores the new hash, if there is one, and issues a challenge for the second factor.
    async fn challenge(
        &self,
        verified: &VerifiedPassword,
        since: DateTime<Utc>,
    ) -> Result<Opening, Problem> {
        let AppState { pool, second_factors, .. } = &*self.0;
        let VerifiedPassword { user, stored_hash, new_hash } = verified;
        if stored_hash != new_hash {
            let mut database = pool.acquire().await?;
            if !credentials::change_password(&mut database, *user, Some(stored_hash), new_hash)
                .await?
            {
                return Ok(Opening::HashReplaced);
            }
        }
        let challenge = second_factors.challenges().write(*user, new_hash, since)?;
        Ok(Opening::LoggedIn(LoginResult::SecondFactorRequired(challenge)))
    }
}
