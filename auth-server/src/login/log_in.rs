//! `POST /api/v1/auth/login`

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::device::From as FromDevice;
use super::tokens::{TokenPair, sign_in};
use crate::account::Accounts;
use crate::history::{Attempt, Method, SUCCEEDED};
use crate::input::BODY;
use crate::password::{HASHING, Password, Verdict};
use crate::problem::Problem;
use crate::problems;
use crate::request::{Body, Reply};
use crate::store::DATABASE;
use crate::user::Login;
use crate::user::store::{self, Credentials};

/// What somebody signs in with.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    /// The login, in any case.
    login: String,
    /// The password.
    #[oai(write_only)]
    password: Password,
}

problems! {
    /// What can go wrong with signing in.
    pub(super) enum LoginError includes [BODY, HASHING, DATABASE] {
        CredentialsInvalid = 401 "credentials_invalid" "The login or the password is wrong.",
    }
}

/// The operation.
pub struct LogIn(pub(super) Accounts);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::tags::Tag::Auth")]
impl LogIn {
    /// Sign in.
    ///
    /// A wrong password, an unknown login and a disabled account answer alike.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        FromDevice(device): FromDevice,
        Body(form): Body<LoginForm>,
    ) -> Result<Reply<TokenPair>, LoginError> {
        let mut attempt = Attempt::new(Method::Password, device);
        let answer = self.log_in(form, &mut attempt).await;
        let outcome =
            answer.as_ref().map_or_else(|error| error.clone().problem().code, |_| SUCCEEDED);
        self.0.logins.ended(outcome);
        self.0.history.note(attempt, outcome);
        answer.map(Reply)
    }
}

impl LogIn {
    async fn log_in(
        &self,
        form: LoginForm,
        attempt: &mut Attempt,
    ) -> Result<TokenPair, LoginError> {
        let key = Login::key_of(&form.login);
        let known = store::credentials(&self.0.pool, &key).await.map_err(Problem::from)?;
        attempt.user = known.as_ref().map(|known| known.id);
        let stored = known.as_ref().map(|known| known.password_hash.clone());
        // Without an account, a hash that nothing fits is compared: that takes as long.
        let verdict = self.0.hasher.verify(form.password, stored).await?;
        let (Some(known), Verdict::Right | Verdict::Rehashed(_)) = (known, &verdict) else {
            return Err(LoginError::CredentialsInvalid);
        };
        // Here, because the transaction below would take a moment longer to find out.
        if known.disabled {
            return Err(LoginError::CredentialsInvalid);
        }
        self.open(known, verdict, attempt).await
    }

    async fn open(
        &self,
        known: Credentials,
        verdict: Verdict,
        attempt: &mut Attempt,
    ) -> Result<TokenPair, LoginError> {
        let checked = &known.password_hash;
        let new_hash = if let Verdict::Rehashed(hash) = &verdict { hash } else { checked };
        let mut transaction = self.0.pool.begin().await.map_err(Problem::from)?;
        let now = self.0.clock.now();
        let number = store::begin_session(&mut transaction, known.id, checked, new_hash, now)
            .await
            .map_err(Problem::from)?
            .ok_or(LoginError::CredentialsInvalid)?;
        let who = (known.id, number);
        let signed_in = sign_in(&self.0, &mut transaction, who, &attempt.device).await?;
        transaction.commit().await.map_err(Problem::from)?;
        attempt.session = Some(signed_in.session);
        self.0.identity.revoke(&signed_in.revocations);
        Ok(signed_in.tokens)
    }
}
