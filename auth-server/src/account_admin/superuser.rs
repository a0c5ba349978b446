//! Superusers, from the command line: without it nobody could become the first one.

use policies::RoleName;
use uuid::Uuid;

use super::new_account::{NewAccount, NewAccountError, describe};
use super::role_grants::{self, revoke};
use crate::audit::Actor;
use crate::clock::Clock;
use crate::config::PasswordConfig;
use crate::db::PgPool;
use crate::http::problem::Problem;
use crate::password::Password;
use crate::policy::LivePolicy;
use crate::policy::write::PolicyWrite;
use crate::user::store;

/// Why a superuser cannot be created, promoted or revoked.
#[derive(Debug, thiserror::Error)]
pub enum SuperuserError {
    /// The login is taken.
    #[error("the account `{0}` exists already; add --promote to make it a superuser")]
    Exists(String),
    /// The account cannot be created.
    #[error(transparent)]
    Account(NewAccountError),
    /// No account has this login.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// A problem that a client would be shown, such as a weak password.
    #[error("{}", describe(.0))]
    Problem(Box<Problem>),
}

impl From<NewAccountError> for SuperuserError {
    fn from(error: NewAccountError) -> Self {
        match error {
            NewAccountError::Exists(login) => Self::Exists(login),
            error => Self::Account(error),
        }
    }
}

impl From<Problem> for SuperuserError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<sqlx::Error> for SuperuserError {
    fn from(error: sqlx::Error) -> Self {
        Problem::from(error).into()
    }
}

/// Creates, promotes and revokes superusers.
#[derive(Clone, Copy)]
pub struct Superusers<'a> {
    /// The database.
    pub pool: &'a PgPool,
    /// The policy in it.
    pub policy: &'a LivePolicy,
    /// The time.
    pub clock: &'a Clock,
}

impl Superusers<'_> {
    /// Creates an account with the role `superuser`.
    ///
    /// # Errors
    /// The login is taken or not valid, or the password is not good enough.
    pub async fn create(
        self,
        hashing: &PasswordConfig,
        login: &str,
        password: Password,
    ) -> Result<(), SuperuserError> {
        let account = NewAccount::prepare(hashing, login, password).await?;
        let mut write = PolicyWrite::begin(self.policy, self.pool, self.clock.now()).await?;
        let user = account.insert(&mut write).await?;
        grant(write, user).await?;
        Ok(())
    }

    /// Grants the role `superuser` to an existing account; `false` if it has the role already.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn promote(self, login: &str) -> Result<bool, SuperuserError> {
        let (write, user) = self.begin(login).await?;
        grant(write, user).await
    }

    /// Revokes the role `superuser`; `false` if the account does not have it.
    ///
    /// # Errors
    /// There is no such account, or it belongs to the last superuser.
    pub async fn revoke(self, login: &str) -> Result<bool, SuperuserError> {
        let (mut write, user) = self.begin(login).await?;
        let role = RoleName::superuser();
        let revoked = revoke(&mut write, user, &role, Actor::CommandLine).await?;
        let Some(record) = revoked else { return Ok(false) };
        write.commit(record).await?;
        Ok(true)
    }

    async fn begin(&self, login: &str) -> Result<(PolicyWrite<'_>, Uuid), SuperuserError> {
        let mut write = PolicyWrite::begin(self.policy, self.pool, self.clock.now()).await?;
        let user = store::find_by_login(write.db(), login).await?;
        Ok((write, user.ok_or_else(|| SuperuserError::Unknown(login.to_owned()))?))
    }
}

/// `false` if the user has the role already.
async fn grant(mut write: PolicyWrite<'_>, user: Uuid) -> Result<bool, SuperuserError> {
    let role = RoleName::superuser();
    let granted = role_grants::grant(&mut write, user, &role, Actor::CommandLine).await?;
    let Some(record) = granted else { return Ok(false) };
    write.commit(record).await?;
    Ok(true)
}
