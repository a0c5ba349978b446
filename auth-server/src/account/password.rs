//! `PUT /api/v1/me/password`

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use super::Accounts;
use super::current_password::{CURRENT_PASSWORD, wrong};
use crate::identity::{SIGNED_IN, SignedIn, Verified};
use crate::input::BODY;
use crate::password::{NEW_PASSWORD, NewPassword, Password};
use crate::problem::Problem;
use crate::problems;
use crate::request::{Body, NoContent};
use crate::store::DATABASE;
use crate::throttle::THROTTLE;
use crate::user::store;

/// A change of the password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    /// The password until now: whoever finds an unlocked screen doesn't know it.
    #[oai(write_only)]
    current_password: Password,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: Password,
}

problems! {
    /// What can go wrong with changing the password.
    pub(super) enum PasswordError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, NEW_PASSWORD, DATABASE] {}
}

/// The operation.
pub struct PasswordApi(pub Accounts);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::tags::Tag::Me")]
impl PasswordApi {
    /// Change the password and end all other sessions.
    #[oai(path = "/password", method = "put", operation_id = "change_password")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<PasswordForm>,
    ) -> Result<NoContent, PasswordError> {
        let checked = self.0.check_password(caller.user, form.current_password).await?;
        let own_words = self.own_words(caller.user).await?;
        let new = NewPassword {
            password: form.new_password,
            field: "new_password",
            own_words,
            second_factor: false,
        };
        let hash = self.0.hasher.hash(new).await?;
        self.store(&caller, &checked, &hash).await?;
        Ok(NoContent)
    }
}

impl PasswordApi {
    /// What a stranger would try first.
    async fn own_words(&self, user: Uuid) -> Result<Vec<String>, Problem> {
        let mut connection = self.0.pool.acquire().await?;
        let row = store::read(&mut connection, user).await?;
        Ok(row
            .map(|row| [Some(row.login), row.email, row.first_name, row.last_name])
            .into_iter()
            .flatten()
            .flatten()
            .collect())
    }

    /// Password and end of the other sessions together: whoever knew the old one is out.
    async fn store(
        &self,
        caller: &Verified,
        checked: &str,
        hash: &str,
    ) -> Result<(), PasswordError> {
        let Accounts { pool, sessions, identity, .. } = &self.0;
        let (user, session) = (caller.user, caller.session);
        let mut transaction = pool.begin().await.map_err(Problem::from)?;
        let number = store::change_password(&mut transaction, user, checked, hash)
            .await
            .map_err(Problem::from)?
            .ok_or_else(wrong)?;
        let revocation = sessions
            .end_others(&mut transaction, user, number, session, "password_changed")
            .await
            .map_err(Problem::from)?;
        transaction.commit().await.map_err(Problem::from)?;
        identity.revoke(&[revocation]);
        Ok(())
    }
}
