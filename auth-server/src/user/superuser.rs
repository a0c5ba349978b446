//! Superusers, made, deposed and listed from the command line: somebody has to be the first.

use chrono::{DateTime, Utc};
use policies::RoleName;
use sqlx::PgPool;
use uuid::Uuid;

use super::Login;
use super::store;
use super::store::NewUser;
use crate::audit::{Actor, Record};
use crate::clock::Clock;
use crate::config::PasswordConfig;
use crate::db::constraint;
use crate::http::problem::Problem;
use crate::password::{Hasher, NewPassword, Password};
use crate::policy::write::PolicyWrite;
use crate::policy::{LivePolicy, UserRoles, grants};

/// What became of `superuser create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A new account.
    Account,
    /// An account that was there has the role now.
    Promoted,
    /// An account that was there had the role already.
    Already,
}

/// Why there is no superuser.
#[derive(Debug, thiserror::Error)]
pub enum SuperuserError {
    /// Not a login.
    #[error("login: {0}")]
    Login(&'static str),
    /// Somebody has this login.
    #[error("the account `{0}` exists already; to make it a superuser, add --promote")]
    Exists(String),
    /// Nobody has this login.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// The system gives no threads for hashing, or argon2 refuses the configured cost.
    #[error("password hashing doesn't start: {0}")]
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

/// Makes an account with the role `superuser`.
///
/// # Errors
/// The login is taken, or no login, or the password is not good enough.
pub async fn create_superuser(
    config: &PasswordConfig,
    pool: &PgPool,
    policy: &LivePolicy,
    clock: &Clock,
    login: &str,
    password: Password,
) -> Result<Made, SuperuserError> {
    let login = Login::parse(login).map_err(SuperuserError::Login)?;
    let own_words = vec![login.as_str().to_owned()];
    let new = NewPassword { password, field: "password", own_words, second_factor: false };
    let hash = Hasher::from_config(config)?.hash(new).await?;
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let (id, at) = (Uuid::now_v7(), write.at());
    let user = NewUser {
        id,
        login: &login,
        email: None,
        password_hash: Some(&hash),
        first_name: None,
        last_name: None,
    };
    store::insert(write.db(), &user, at).await.map_err(|error| match constraint(&error) {
        Some("users_login_key") => SuperuserError::Exists(login.as_str().to_owned()),
        _ => error.into(),
    })?;
    give(write, id).await?;
    Ok(Made::Account)
}

/// Gives the role `superuser` to an account that is there.
///
/// # Errors
/// Nobody has this login, or the database is away.
pub async fn promote(
    pool: &PgPool,
    policy: &LivePolicy,
    clock: &Clock,
    login: &str,
) -> Result<Made, SuperuserError> {
    let known = store::credentials(pool, &Login::key_of(login)).await?;
    let known = known.ok_or_else(|| SuperuserError::Unknown(login.to_owned()))?;
    let write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let given = give(write, known.id).await?;
    Ok(if given { Made::Promoted } else { Made::Already })
}

/// Takes the role `superuser` from an account. False where it does not have the role.
///
/// # Errors
/// Nobody has this login, it is the last superuser's, or the database is away.
pub async fn depose(
    pool: &PgPool,
    policy: &LivePolicy,
    clock: &Clock,
    login: &str,
) -> Result<bool, SuperuserError> {
    let known = store::credentials(pool, &Login::key_of(login)).await?;
    let user = known.ok_or_else(|| SuperuserError::Unknown(login.to_owned()))?.id;
    let role = RoleName::superuser();
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    if !grants::revoke(write.db(), user, &role).await? {
        return Ok(false);
    }
    grants::refuse_last_superuser(write.db()).await?;
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = Record::revoke_role(Actor::CommandLine, user, &role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    write.commit(record).await?;
    Ok(true)
}

/// False where the user has the role already.
async fn give(mut write: PolicyWrite<'_>, user: Uuid) -> Result<bool, SuperuserError> {
    let at = write.at();
    if !grants::grant(write.db(), user, &RoleName::superuser(), None, at).await? {
        return Ok(false);
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = Record::grant_role(Actor::CommandLine, user, &RoleName::superuser(), &roles);
    write.record_user_roles(UserRoles { user, roles });
    write.commit(record).await?;
    Ok(true)
}

/// Somebody who may do everything.
#[derive(Debug)]
pub struct Superuser {
    /// What they sign in with.
    pub login: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// A disabled account can't be signed in to.
    pub disabled: bool,
}

/// Everyone who has the role `superuser`.
///
/// # Errors
/// The database refused or is away.
pub async fn superusers(pool: &PgPool) -> sqlx::Result<Vec<Superuser>> {
    let rows = store::superusers(pool).await?;
    let shown = |(login, disabled_at, since): (String, Option<_>, DateTime<Utc>)| Superuser {
        login,
        since,
        disabled: disabled_at.is_some(),
    };
    Ok(rows.into_iter().map(shown).collect())
}
