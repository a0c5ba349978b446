//! `POST /api/v1/auth/login/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use sqlx::PgConnection;

use super::device::From as FromDevice;
use super::token_pair::{SignedIn, TokenPair, sign_in};
use super::user_agent;
use super::user_agent::AGENT;
use crate::api::AppState;
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::login_history::{Attempt, Method, SUCCEEDED};
use crate::problems;
use crate::second_factor::{Checked, SecondFactors, consumed_challenges, too_many};
use crate::session::Device;
use crate::throttle::TOO_MANY;
use crate::token::Challenge;
use crate::user::credentials;

/// The second step of a login.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct SecondStepForm {
    /// What the first step answered.
    #[oai(write_only)]
    challenge: String,
    /// The code that the authenticator app shows now, or a recovery code.
    #[oai(write_only)]
    code: String,
}

problems! {
    /// What can go wrong with the second step of a login.
    pub(crate) enum SecondStepError includes [BODY, &[TOO_MANY], AGENT, DATABASE] {
        ChallengeInvalid = 401 "challenge_invalid" "This login has expired or was finished; sign in again.",
        CodeWrong = 401 "code_wrong" "This is not your code of now, or it was used before.",
    }
}

/// The operation.
pub(crate) struct SecondStep(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl SecondStep {
    /// Finish signing in, by a code of the second factor.
    ///
    /// Each code is good once. After a few wrong ones in a row no code is looked at for a while,
    /// which grows up to five minutes; the challenge stays good.
    #[oai(
        path = "/login/second-factor",
        method = "post",
        operation_id = "login_with_second_factor"
    )]
    async fn finish(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<SecondStepForm>,
    ) -> Result<Reply<TokenPair>, SecondStepError> {
        let mut attempt = Attempt::new(Method::SecondFactor, device);
        let answer = self.try_finish(form, &mut attempt).await;
        let outcome =
            answer.as_ref().map_or_else(|error| error.clone().problem().code, |_| SUCCEEDED);
        self.0.note_login(attempt, outcome);
        answer.map(Reply)
    }
}

impl SecondStep {
    async fn try_finish(
        &self,
        form: SecondStepForm,
        attempt: &mut Attempt,
    ) -> Result<TokenPair, SecondStepError> {
        let AppState { pool, second_factors, authenticator, .. } = &*self.0;
        let challenge = second_factors.challenges().read(&form.challenge).await;
        let challenge = challenge.ok_or(SecondStepError::ChallengeInvalid)?;
        attempt.user = Some(challenge.user);
        let mut transaction = pool.begin().await?;
        // One that opened a session already shall not tell whether codes are right.
        if consumed_challenges::is_spent(&mut transaction, challenge.user, challenge.id).await? {
            return Err(SecondStepError::ChallengeInvalid);
        }
        // Before a code is used up, or tried.
        user_agent::check(&mut transaction, challenge.user, &attempt.device).await?;
        let checked = second_factors.check(&mut transaction, challenge.user, &form.code).await?;
        if checked != Checked::Right {
            transaction.commit().await?;
            return Err(refused(checked));
        }
        let signed_in = self.open(&mut transaction, &challenge, &attempt.device).await?;
        transaction.commit().await?;
        attempt.session = Some(signed_in.session);
        authenticator.revoke(&signed_in.revocations);
        Ok(signed_in.tokens)
    }

    /// Opens the session, if the password that was right still is, the second factor is the one that
    /// was owed, and no session was opened by this challenge.
    async fn open(
        &self,
        transaction: &mut PgConnection,
        challenge: &Challenge,
        device: &Device,
    ) -> Result<SignedIn, SecondStepError> {
        let (user, now) = (challenge.user, self.0.clock.now());
        let expires_at = challenge.expires_at();
        if !consumed_challenges::spend(transaction, user, challenge.id, expires_at, now).await? {
            return Err(SecondStepError::ChallengeInvalid);
        }
        let hash = credentials::password_hash(&mut *transaction, user).await?;
        let since = SecondFactors::since(transaction, user).await?;
        let of = |since| challenge.is_of(hash.as_deref().unwrap_or_default(), since);
        if !since.is_some_and(of) {
            return Err(SecondStepError::ChallengeInvalid);
        }
        let hash = hash.as_deref();
        let number = credentials::begin_session(transaction, user, hash, hash, now)
            .await?
            .ok_or(SecondStepError::ChallengeInvalid)?;
        Ok(sign_in(&self.0, transaction, (user, number), device).await?)
    }
}

fn refused(checked: Checked) -> SecondStepError {
    match checked {
        Checked::TooMany(seconds) => too_many(seconds).into(),
        // It was taken away since the first step.
        Checked::Off => SecondStepError::ChallengeInvalid,
        Checked::Right | Checked::Wrong => SecondStepError::CodeWrong,
    }
}
