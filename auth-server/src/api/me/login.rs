//! `PUT /api/v1/me/login`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthenticated, Reauthentication};
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::{DATABASE_WRITE, constraint};
use crate::email::notice::Notice;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::password::Password;
use crate::problems;
use crate::throttle::THROTTLE;
use crate::user::confusable::{self, LOOKS_ALIKE};
use crate::user::credentials::change_login;
use crate::user::{Login, in_field};

/// A change of the login.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginChange {
    /// The new login: 3–64 characters without `@`. Case is ignored in comparisons.
    #[oai(validator(min_length = 3, max_length = 64))]
    login: String,
    /// The password; or send a `code`. An account with neither password nor second factor sends none
    /// of them and needs a session that is at most five minutes old.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

const CHANGE: CredentialChange = CredentialChange {
    operation: "change_my_login",
    reason: "login_changed",
    notice: Notice::LoginChanged,
};

problems! {
    /// Problems of changing the login.
    pub(crate) enum LoginError includes [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE] {
        Taken = 409 "login_taken" "This login is taken.",
    }
}

/// `change_my_login`
pub(crate) struct MyLoginApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyLoginApi {
    /// Change your login and end all other sessions.
    #[oai(path = "/login", method = "put", operation_id = "change_my_login")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<LoginChange>,
    ) -> Result<NoContent, LoginError> {
        let LoginChange { login, current_password, code } = form;
        let login = Login::parse(&login).map_err(in_field("login"))?;
        let sent = Reauthentication { current_password, code };
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        self.store(&caller, &reauthenticated, &login).await?;
        Ok(NoContent)
    }
}

impl MyLoginApi {
    /// Changes the login and ends the other sessions in one transaction.
    async fn store(
        &self,
        caller: &Principal,
        reauthenticated: &Reauthenticated,
        login: &Login,
    ) -> Result<(), LoginError> {
        let mut transaction = self.0.begin_change(reauthenticated).await?;
        if !confusable::is_distinct(&mut transaction, login, caller.user).await? {
            return Err(LoginError::Taken.problem().field("login").detail(LOOKS_ALIKE).into());
        }
        change_login(&mut transaction, caller.user, login).await.map_err(from_constraint)?;
        Ok(self.0.commit_credential_change(transaction, caller, CHANGE).await?)
    }
}

fn from_constraint(error: sqlx::Error) -> LoginError {
    match constraint(&error) {
        Some("users_login_key" | "users_login_skeleton_key") => {
            LoginError::Taken.problem().field("login").into()
        }
        _ => Problem::from(error).into(),
    }
}
