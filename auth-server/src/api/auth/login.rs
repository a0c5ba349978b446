//! `POST /api/v1/auth/login`

use std::sync::Arc;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::From as FromDevice;
use super::login_response::{LoginAnswer, SecondFactorWanted};
use super::token_pair::sign_in;
use super::user_agent::{AGENT, NOT_ALLOWED};
use crate::api::AppState;
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, Reply};
use crate::login_history::{Attempt, Method};
use crate::password::{Password, Verdict};
use crate::problems;
use crate::second_factor::SecondFactors;
use crate::throttle::{Outcome, THROTTLE};
use crate::user::Login;
use crate::user::credentials::{self, Credentials};

/// What somebody signs in with.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    /// The login, or a confirmed e-mail address; in any case.
    login: String,
    /// The password.
    #[oai(write_only)]
    password: Password,
}

problems! {
    /// What can go wrong with signing in.
    pub(crate) enum LoginError includes [BODY, THROTTLE, AGENT, DATABASE] {
        CredentialsInvalid = 401 "credentials_invalid" "The login or the password is wrong.",
    }
}

/// How often a password is compared whose stored hash changes meanwhile.
const TRIES: usize = 3;

/// The operation.
pub(crate) struct LogIn(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl LogIn {
    /// Sign in.
    ///
    /// A wrong password, an unknown login and a disabled account answer alike. After some failed
    /// tries the next ones have to wait for a few seconds. Who has a second factor gets a challenge
    /// in place of the tokens; it goes to `POST /api/v1/auth/login/second-factor` with a code.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        Body(form): Body<LoginForm>,
    ) -> Result<Reply<LoginAnswer>, LoginError> {
        let mut attempt = Attempt::new(Method::Password, device);
        let answer = self.log_in(form, address, &mut attempt).await;
        let outcome =
            answer.as_ref().map_or_else(|error| error.clone().problem().code, LoginAnswer::outcome);
        self.0.note_login(attempt, outcome);
        answer.map(Reply)
    }
}

impl LogIn {
    async fn log_in(
        &self,
        form: LoginForm,
        address: IpAddr,
        attempt: &mut Attempt,
    ) -> Result<LoginAnswer, LoginError> {
        let AppState { pool, throttle, .. } = &*self.0;
        let typed = Login::key_of(&form.login);
        let known = self.find(&typed, attempt).await?;
        // Counted by what was typed: else a refusal would tell whose address it is.
        let admitted = throttle.log_in(pool, &typed, attempt.user, address).await?;
        let answer = self.check((&typed, known), form.password, attempt).await;
        admitted
            .ended(match &answer {
                Ok(_) => Outcome::Succeeded,
                Err(LoginError::CredentialsInvalid) => Outcome::Failed,
                // Whoever knows the password does not guess it.
                Err(LoginError::Problem(why)) if why.code == NOT_ALLOWED.code => Outcome::Succeeded,
                Err(LoginError::Problem(_)) => Outcome::Unchecked,
            })
            .await;
        answer
    }

    /// Once more where the password was hashed again, by another login at the same moment.
    async fn check(
        &self,
        (typed, mut known): (&str, Option<Credentials>),
        password: Password,
        attempt: &mut Attempt,
    ) -> Result<LoginAnswer, LoginError> {
        for _ in 0..TRIES {
            if let Some(answer) = self.check_once(known, password.clone(), attempt).await? {
                return Ok(answer);
            }
            known = self.find(typed, attempt).await?;
        }
        Err(LoginError::CredentialsInvalid)
    }

    async fn find(
        &self,
        typed: &str,
        attempt: &mut Attempt,
    ) -> Result<Option<Credentials>, Problem> {
        let known = credentials::find(&self.0.pool, typed).await?;
        attempt.user = known.as_ref().map(|known| known.id);
        Ok(known)
    }

    async fn check_once(
        &self,
        known: Option<Credentials>,
        password: Password,
        attempt: &mut Attempt,
    ) -> Result<Option<LoginAnswer>, LoginError> {
        let stored = known.as_ref().and_then(|known| known.password_hash.clone());
        // Without an account or a password, a hash that nothing fits is compared: that takes as long.
        let verdict = self.0.hasher.verify(password, stored).await?;
        let (Some(known), Verdict::Right | Verdict::Rehashed(_)) = (known, &verdict) else {
            return Err(LoginError::CredentialsInvalid);
        };
        // Here, because the transaction below would take a moment longer to find out.
        if known.disabled {
            return Err(LoginError::CredentialsInvalid);
        }
        self.open(known, verdict, attempt).await
    }

    /// `None` where the hash that was compared is not the stored one any more.
    async fn open(
        &self,
        known: Credentials,
        verdict: Verdict,
        attempt: &mut Attempt,
    ) -> Result<Option<LoginAnswer>, LoginError> {
        let checked = known.password_hash.as_deref();
        let new_hash =
            if let Verdict::Rehashed(hash) = &verdict { Some(hash.as_str()) } else { checked };
        let mut transaction = self.0.pool.begin().await?;
        let now = self.0.clock.now();
        let number =
            credentials::begin_session(&mut transaction, known.id, checked, new_hash, now).await?;
        let Some(number) = number else { return Ok(None) };
        let second_factor = SecondFactors::since(&mut transaction, known.id).await;
        if let Some(since) = second_factor? {
            transaction.rollback().await?;
            return Ok(self.challenge(&known, new_hash, since).await?);
        }
        let who = (known.id, number);
        let signed_in = sign_in(&self.0, &mut transaction, who, &attempt.device).await?;
        transaction.commit().await?;
        attempt.session = Some(signed_in.session);
        self.0.authenticator.revoke(&signed_in.revocations);
        Ok(Some(LoginAnswer::SignedIn(signed_in.tokens)))
    }

    /// The password was right: what is left to show is the second factor. `None` where the hash that
    /// was compared is not the stored one any more.
    async fn challenge(
        &self,
        known: &Credentials,
        new_hash: Option<&str>,
        since: DateTime<Utc>,
    ) -> Result<Option<LoginAnswer>, Problem> {
        let checked = known.password_hash.as_deref();
        let new_hash = new_hash.unwrap_or_default();
        if checked != Some(new_hash) {
            let mut database = self.0.pool.acquire().await?;
            let changed =
                credentials::change_password(&mut database, known.id, checked, new_hash).await?;
            if !changed {
                return Ok(None);
            }
        }
        let challenge = self.0.second_factors.challenges().write(known.id, new_hash, since)?;
        Ok(Some(LoginAnswer::SecondFactor(SecondFactorWanted::new(challenge))))
    }
}
