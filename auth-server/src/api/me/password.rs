//! `PUT /api/v1/me/password`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::current_password::{CURRENT_PASSWORD, wrong};
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::DATABASE;
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
    /// The password until now, or a `code`: whoever finds an unlocked screen has neither. An account
    /// without both takes a session that is at most five minutes old in their place.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In place of the password a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: Password,
}

problems! {
    /// What can go wrong with changing the password.
    pub(crate) enum PasswordError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, NEW_PASSWORD, DATABASE] {}
}

/// The operation.
pub(crate) struct PasswordApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl PasswordApi {
    /// Change the password and end all other sessions.
    ///
    /// An account that signs in by an account elsewhere gets its first password here.
    #[oai(path = "/password", method = "put", operation_id = "change_password")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<PasswordForm>,
    ) -> Result<NoContent, PasswordError> {
        let proof = Proof::new(form.current_password, form.code);
        let checked = self.0.prove(&caller, proof).await?;
        let new = self.0.standing(caller.user, form.new_password).await?;
        let hash = self.0.hasher.hash(new).await?;
        self.store(&caller, checked.as_deref(), &hash).await?;
        Ok(NoContent)
    }
}

impl AppState {
    /// The new password with what it is judged by: what a stranger would try first, and whether a
    /// second factor stands beside it. One that is taken away later leaves the password as it is.
    pub(crate) async fn standing(
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
        let second_factor = SecondFactors::is_on(&mut database, user).await?;
        Ok(NewPassword { password, field: "new_password", own_words, second_factor })
    }
}

impl PasswordApi {
    /// Password and end of the other sessions together: whoever knew the old one is out.
    async fn store(
        &self,
        caller: &Principal,
        checked: Option<&str>,
        hash: &str,
    ) -> Result<(), PasswordError> {
        let mut transaction = self.0.pool.begin().await?;
        if !credentials::change_password(&mut transaction, caller.user, checked, hash).await? {
            return Err(wrong().into());
        }
        Ok(self.0.commit_change(transaction, caller, "password_changed").await?)
    }
}
