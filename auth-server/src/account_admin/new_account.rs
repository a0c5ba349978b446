//! Accounts that operators create.

use uuid::Uuid;

use crate::config::PasswordConfig;
use crate::db::constraint;
use crate::http::problem::Problem;
use crate::password::{Hasher, NewPassword, Password};
use crate::policy::write::PolicyWrite;
use crate::user::store::{self, NewUser};
use crate::user::{Login, ProfileName, confusable};

/// Why an account cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum NewAccountError {
    /// The login is not valid.
    #[error("login: {0}")]
    Login(&'static str),
    /// A name is not valid.
    #[error("name: {0}")]
    Name(&'static str),
    /// The login is taken.
    #[error("the account `{0}` exists already")]
    Exists(String),
    /// An account has a login that looks the same.
    #[error("`{0}` looks like a login that is already in use")]
    LooksAlike(String),
    /// Threads cannot be started, or argon2 rejects the configured cost.
    #[error("cannot start password hashing: {0}")]
    Hasher(#[from] std::io::Error),
    /// A problem that a client would be shown, such as a weak password.
    #[error("{}", describe(.0))]
    Problem(Box<Problem>),
}

impl From<Problem> for NewAccountError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<sqlx::Error> for NewAccountError {
    fn from(error: sqlx::Error) -> Self {
        Problem::from(error).into()
    }
}

/// Title and detail of a problem.
pub(super) fn describe(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => format!("{} {detail}", problem.title),
        None => problem.title.to_owned(),
    }
}

/// An account that can be created unless its login is taken.
pub(crate) struct NewAccount {
    login: Login,
    password_hash: String,
    first_name: Option<ProfileName>,
    last_name: Option<ProfileName>,
}

impl NewAccount {
    /// Validates login and password, and hashes the password.
    pub(crate) async fn prepare(
        hashing: &PasswordConfig,
        login: &str,
        password: Password,
    ) -> Result<Self, NewAccountError> {
        let login = Login::parse(login).map_err(NewAccountError::Login)?;
        let own_words = vec![login.as_str().to_owned()];
        let new = NewPassword { password, field: "password", own_words, second_factor: false };
        let password_hash = Hasher::from_config(hashing)?.accept_and_hash(new).await?;
        Ok(Self { login, password_hash, first_name: None, last_name: None })
    }

    /// The same with names.
    pub(crate) fn named(
        self,
        first: Option<&str>,
        last: Option<&str>,
    ) -> Result<Self, NewAccountError> {
        let parse = |name: Option<&str>| name.map(ProfileName::parse).transpose();
        let first_name = parse(first).map_err(NewAccountError::Name)?;
        let last_name = parse(last).map_err(NewAccountError::Name)?;
        Ok(Self { first_name, last_name, ..self })
    }

    /// Creates the account. Returns its id.
    pub(crate) async fn insert(
        &self,
        write: &mut PolicyWrite<'_>,
    ) -> Result<Uuid, NewAccountError> {
        let Self { login, password_hash, first_name, last_name } = self;
        let (id, at) = (Uuid::now_v7(), write.at());
        let user = NewUser {
            id,
            login,
            password_hash: Some(password_hash),
            first_name: first_name.as_ref(),
            last_name: last_name.as_ref(),
        };
        if !confusable::is_distinct(write.db(), login, id).await? {
            return Err(NewAccountError::LooksAlike(login.as_str().to_owned()));
        }
        store::insert(write.db(), &user, at).await.map_err(|error| match constraint(&error) {
            Some("users_login_key" | "users_login_skeleton_key") => {
                NewAccountError::Exists(login.as_str().to_owned())
            }
            _ => error.into(),
        })?;
        Ok(id)
    }
}
