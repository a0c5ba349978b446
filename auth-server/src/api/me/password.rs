//! `PUT /api/v1/me/password`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::password::{NEW_PASSWORD, NewPassword, Password};
use crate::problems;
use crate::second_factor::SecondFactors;
use crate::throttle::THROTTLE;
use crate::user::{credentials, store};

/// A change of the password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    /// The current password; or send a `code`. An account with neither password nor second factor
    /// sends none of them and needs a session that is at most five minutes old.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: Password,
}

const CHANGE: CredentialChange = CredentialChange {
    operation: "change_my_password",
    reason: "password_changed",
    notice: Notice::PasswordChanged,
};

problems! {
    /// Problems of changing the password.
    pub(crate) enum PasswordError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, NEW_PASSWORD, DATABASE_WRITE] {}
}

/// `change_my_password`
pub(crate) struct MyPasswordApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyPasswordApi {
    /// Change your password and end all other sessions.
    ///
    /// Also sets the first password of an account that was created by a login with an identity
    /// provider.
    #[oai(path = "/password", method = "put", operation_id = "change_my_password")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<PasswordForm>,
    ) -> Result<NoContent, PasswordError> {
        let PasswordForm { current_password, code, new_password } = form;
        let sent = Reauthentication { current_password, code };
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        let new = self.0.new_password(caller.user, new_password).await?;
        let hash = self.0.hasher.accept_and_hash(new).await?;
        let mut transaction = self.0.begin_change(&reauthenticated).await?;
        credentials::set_password(&mut transaction, caller.user, &hash).await?;
        self.0.commit_credential_change(transaction, &caller, CHANGE).await?;
        Ok(NoContent)
    }
}

impl AppState {
    /// A new password with what it is judged by: words that an attacker would try first, and whether
    /// there is a second factor. Removing the second factor later does not affect the password.
    pub(crate) async fn new_password(
        &self,
        user: Uuid,
        password: Password,
    ) -> Result<NewPassword, Problem> {
        let mut database = self.pool.acquire().await?;
        let row = store::read(&mut database, user).await?;
        let own_words = row
            .map(|row| [Some(row.login), row.email, row.first_name, row.last_name])
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let second_factor = SecondFactors::is_enabled(&mut database, user).await?;
        Ok(NewPassword { password, field: "new_password", own_words, second_factor })
    }
}
