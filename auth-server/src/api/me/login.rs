//! `PUT /api/v1/me/login`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::api::current_password::{CURRENT_PASSWORD, wrong};
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::{DATABASE, constraint};
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::password::Password;
use crate::problems;
use crate::throttle::THROTTLE;
use crate::user::credentials::{change_login, is_address_of_another};
use crate::user::{Login, in_field};

/// A change of the login.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewLogin {
    /// What to sign in with from now on: 3–64 characters, an e-mail address will do. Compared
    /// without regard to case.
    #[oai(validator(min_length = 3, max_length = 64))]
    login: String,
    /// The password, or a `code`: whoever finds an unlocked screen has neither. An account
    /// without both takes a session that is at most five minutes old in their place.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In place of the password a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

problems! {
    /// What can go wrong with changing the login.
    pub(crate) enum LoginError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, DATABASE]
    {
        Taken = 409 "login_taken" "Somebody else has this login.",
    }
}

/// The operation.
pub(crate) struct LoginApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl LoginApi {
    /// Change the login and end all other sessions.
    #[oai(path = "/login", method = "put", operation_id = "change_login")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<NewLogin>,
    ) -> Result<NoContent, LoginError> {
        let login = Login::parse(&form.login).map_err(in_field("login"))?;
        let proof = Proof::new(form.current_password, form.code);
        let checked = self.0.prove(&caller, proof).await?;
        self.store(&caller, checked.as_deref(), &login).await?;
        Ok(NoContent)
    }
}

impl LoginApi {
    /// Login and end of the other sessions together.
    async fn store(
        &self,
        caller: &Principal,
        checked: Option<&str>,
        login: &Login,
    ) -> Result<(), LoginError> {
        let mut transaction = self.0.pool.begin().await?;
        if is_address_of_another(&mut transaction, login.key(), caller.user).await? {
            return Err(login_taken());
        }
        let changed = change_login(&mut transaction, caller.user, checked, login).await;
        if !changed.map_err(taken)? {
            return Err(wrong().into());
        }
        Ok(self.0.commit_change(transaction, caller, "login_changed").await?)
    }
}

fn login_taken() -> LoginError {
    LoginError::Taken.problem().field("login").into()
}

fn taken(error: sqlx::Error) -> LoginError {
    match constraint(&error) {
        Some("users_login_key") => login_taken(),
        _ => Problem::from(error).into(),
    }
}
