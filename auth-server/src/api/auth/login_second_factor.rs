//! `POST /api/v1/auth/login/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::FromDevice;
use super::open_session::{OpenedSession, SessionError, check_user_agent, open_session};
use super::token_pair::TokenPair;
use super::{failed, unverified};
use crate::api::AppState;
use crate::db::{DATABASE_WRITE, PgConnection};
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::login_history::{LoginAttempt, LoginOutcome, Merged, Method};
use crate::problems;
use crate::second_factor::{CodeCheck, SecondFactors, store as second_factor_store, throttled};
use crate::session::Device;
use crate::throttle::TOO_MANY;
use crate::token::Challenge;
use crate::user::credentials;

/// The second step of a login.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct SecondFactorForm {
    /// The `challenge` from the response of the first step.
    #[oai(write_only)]
    challenge: String,
    /// The current code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: String,
}

problems! {
    /// Why the second step of a login failed.
    pub(crate) enum SecondFactorError includes [BODY, &[TOO_MANY], DATABASE_WRITE] {
        ChallengeInvalid = 401 "challenge_invalid" "This login has expired or is already complete; log in again.",
        CodeInvalid = 401 "invalid_code" "The code is invalid, expired or already used.",
        UserAgentNotAllowed = 403 "agent_not_allowed" "This account does not accept logins from this user agent; use a client that its owner allows.",
    }
}

impl From<SessionError> for SecondFactorError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::UserAgentNotAllowed => Self::UserAgentNotAllowed,
            SessionError::Problem(problem) => problem.into(),
        }
    }
}

pub(crate) struct CompleteLogin(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl CompleteLogin {
    /// Complete a login with a code of the second factor.
    ///
    /// Each code works once. After a few invalid codes in a row, codes are rejected for a delay that
    /// grows up to five minutes; the challenge stays valid.
    #[oai(
        path = "/login/second-factor",
        method = "post",
        operation_id = "complete_second_factor_login"
    )]
    async fn complete(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<SecondFactorForm>,
    ) -> Result<Reply<TokenPair>, SecondFactorError> {
        let this = Self(Arc::clone(&self.0));
        let attempt = async move { this.attempt(device, form).await };
        self.0.complete(attempt).await.map(|session| Reply(session.tokens))
    }
}

impl CompleteLogin {
    /// One attempt, counted and recorded.
    async fn attempt(
        &self,
        device: Device,
        form: SecondFactorForm,
    ) -> Result<OpenedSession, SecondFactorError> {
        let mut attempt = LoginAttempt::new(Method::SecondFactor, device);
        let challenge = self.0.second_factors.challenges().read(&form.challenge).await;
        attempt.user = challenge.as_ref().map(|challenge| challenge.user);
        let result = match challenge {
            Some(challenge) => self.verify(&challenge, &form.code, &mut attempt).await,
            None => Err(SecondFactorError::ChallengeInvalid),
        };
        let outcome = match &result {
            Ok(session) => {
                attempt.session = Some(session.id);
                LoginOutcome::Succeeded
            }
            Err(error @ (SecondFactorError::ChallengeInvalid | SecondFactorError::Problem(_))) => {
                unverified(error)
            }
            Err(error @ SecondFactorError::UserAgentNotAllowed) => {
                // The challenge stays valid.
                attempt.merged = Some(Merged::ByPeriod);
                failed(error)
            }
            Err(error @ SecondFactorError::CodeInvalid) => failed(error),
        };
        self.0.record_login(attempt, outcome);
        result
    }

    async fn verify(
        &self,
        challenge: &Challenge,
        code: &str,
        attempt: &mut LoginAttempt,
    ) -> Result<OpenedSession, SecondFactorError> {
        let AppState { pool, second_factors, authenticator, throttle, .. } = &*self.0;
        let _turn = throttle.code_turn(challenge.user).await?;
        let mut transaction = pool.begin().await?;
        // A consumed challenge must not reveal whether codes are valid.
        if second_factor_store::is_challenge_consumed(&mut transaction, challenge).await? {
            return Err(SecondFactorError::ChallengeInvalid);
        }
        // Before the code is verified, which consumes it.
        check_user_agent(&mut transaction, challenge.user, &attempt.device).await?;
        let error = match second_factors.verify_code(&mut transaction, challenge.user, code).await?
        {
            CodeCheck::Valid => {
                let session = self.open(&mut transaction, challenge, &attempt.device).await?;
                transaction.commit().await?;
                authenticator.revoke(&session.revocations);
                return Ok(session);
            }
            CodeCheck::Invalid => SecondFactorError::CodeInvalid,
            CodeCheck::Used => {
                attempt.merged = Some(Merged::ByPeriod);
                SecondFactorError::CodeInvalid
            }
            CodeCheck::Throttled { seconds, lockout } => {
                attempt.merged = Some(Merged::ByLockout(lockout));
                throttled(seconds).into()
            }
            // Disabled since the first step.
            CodeCheck::NotEnabled => SecondFactorError::ChallengeInvalid,
        };
        // The failed attempt counts.
        transaction.commit().await?;
        Err(error)
    }

    /// Opens the session, if the password and the second factor are still those of the first step
    /// and the challenge has not been consumed.
    async fn open(
        &self,
        transaction: &mut PgConnection,
        challenge: &Challenge,
        device: &Device,
    ) -> Result<OpenedSession, SecondFactorError> {
        let (user, now) = (challenge.user, self.0.clock.now());
        if !second_factor_store::consume_challenge(transaction, challenge).await? {
            return Err(SecondFactorError::ChallengeInvalid);
        }
        let hash = credentials::password_hash(&mut *transaction, user).await?;
        let hash = hash.as_deref();
        // Accounts without a password have the empty credential.
        let credential = hash.unwrap_or_default();
        let since = SecondFactors::enabled_since(transaction, user).await?;
        if !since.is_some_and(|since| challenge.is_of(credential, since)) {
            return Err(SecondFactorError::ChallengeInvalid);
        }
        let number = credentials::begin_session(transaction, user, hash, hash, now)
            .await?
            .ok_or(SecondFactorError::ChallengeInvalid)?;
        Ok(open_session(&self.0, transaction, user, number, device).await?)
    }
}
