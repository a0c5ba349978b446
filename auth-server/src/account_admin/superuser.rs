//! Superusers, from the command line: without it nobody could become the first one.

use policies::RoleName;
use uuid::Uuid;

use crate::audit::{Actor, AuditRecord};
use crate::clock::Clock;
use crate::config::PasswordConfig;
use crate::db::{PgPool, constraint};
use crate::http::problem::Problem;
use crate::password::{Hasher, NewPassword, Password};
use crate::policy::write::PolicyWrite;
use crate::policy::{LivePolicy, UserRoles, grants};
use crate::user::Login;
use crate::user::confusable;
use crate::user::store::{self, NewUser};

/// Why a superuser cannot be created, promoted or revoked.
#[derive(Debug, thiserror::Error)]
pub enum SuperuserError {
    /// The login is not valid.
    #[error("login: {0}")]
    Login(&'static str),
    /// The login is taken.
    #[error("the account `{0}` exists already; add --promote to make it a superuser")]
    Exists(String),
    /// An account has a login that looks the same.
    #[error("`{0}` looks like a login that is already in use")]
    LooksAlike(String),
    /// No account has this login.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// Threads cannot be started, or argon2 rejects the configured cost.
    #[error("cannot start password hashing: {0}")]
    Hasher(#[from] std::io::Error),
    /// A problem that a client would be shown, such as a weak password.
    #[error("{}", describe(.0))]
    Problem(Box<Problem>),
}

fn describe(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => format!("{} {detail}", problem.title),
        None => problem.title.to_owned(),
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
        let login = Login::parse(login).map_err(SuperuserError::Login)?;
        let own_words = vec![login.as_str().to_owned()];
        let new = NewPassword { password, field: "password", own_words, second_factor: false };
        let hash = Hasher::from_config(hashing)?.accept_and_hash(new).await?;
        let mut write = PolicyWrite::begin(self.policy, self.pool, self.clock.now()).await?;
        let (id, at) = (Uuid::now_v7(), write.at());
        let user = NewUser {
            id,
            login: &login,
            password_hash: Some(&hash),
            first_name: None,
            last_name: None,
        };
        if !confusable::is_distinct(write.db(), &login, id).await? {
            return Err(SuperuserError::LooksAlike(login.as_str().to_owned()));
        }
        store::insert(write.db(), &user, at).await.map_err(|error| match constraint(&error) {
            Some("users_login_key" | "users_login_skeleton_key") => {
                SuperuserError::Exists(login.as_str().to_owned())
            }
            _ => error.into(),
        })?;
        grant(write, id).await?;
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
        if !grants::revoke(write.db(), user, &role).await? {
            return Ok(false);
        }
        grants::refuse_last_superuser(write.db()).await?;
        let roles = grants::of_user(write.db(), user).await?.roles;
        let record = AuditRecord::revoke_role(Actor::CommandLine, user, &role, &roles);
        write.record_user_roles(UserRoles { user, roles });
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
    let (role, at) = (RoleName::superuser(), write.at());
    if !grants::grant(write.db(), user, &role, None, at).await? {
        return Ok(false);
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = AuditRecord::grant_role(Actor::CommandLine, user, &role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    write.commit(record).await?;
    Ok(true)
}
