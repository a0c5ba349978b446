//! Signing somebody in by a provider's word.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use rand::Rng;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::callback::CallbackError;
use crate::api::AppState;
use crate::api::auth::login_response::{LoginAnswer, SecondFactorWanted};
use crate::api::auth::token_pair::sign_in;
use crate::db::constraint;
use crate::email::claim_store;
use crate::http::problem::Problem;
use crate::login_history::Attempt;
use crate::oidc::account_store;
use crate::oidc::account_store::{Holder, Standing};
use crate::oidc::{Provider, Who, store};
use crate::second_factor::SecondFactors;
use crate::user::{Login, credentials};

/// How many made-up logins are tried. One is taken once in four thousand million.
const TRIES: usize = 3;

/// Signs in to the account of this identity, which is made or linked where there is none yet.
pub(crate) async fn sign_in_as(
    accounts: &AppState,
    provider: &Provider,
    who: &Who,
    (attempt, address): (&mut Attempt, IpAddr),
) -> Result<LoginAnswer, CallbackError> {
    let mut transaction = accounts.pool.begin().await?;
    store::lock(&mut transaction, who).await?;
    let owner = store::owner(&mut transaction, who).await?;
    let user = match owner {
        Some(user) => user,
        None => first(accounts, &mut transaction, provider, who, attempt).await?,
    };
    attempt.user = Some(user);
    let now = accounts.clock.now();
    let standing = account_store::lock_user(&mut transaction, user).await?;
    let standing = standing.filter(|standing| !standing.disabled);
    let standing = standing.ok_or(CallbackError::Disabled)?;
    let second_factor = SecondFactors::since(&mut transaction, user).await?;
    if owner.is_none() {
        // A provider's word alone changes nothing about an account that a code stands before.
        if second_factor.is_some() {
            return Err(exists(provider));
        }
        store::insert(&mut transaction, user, who, now).await?;
    }
    // It may have been taken from the account in this very moment.
    if !store::used(&mut transaction, user, who, now).await? {
        return Err(CallbackError::State);
    }
    let answer = open(accounts, transaction, (user, &standing, second_factor), attempt).await?;
    if let (None, Some(email), false) = (owner, &who.email, who.email_verified) {
        accounts.greet(user, email, address).await;
    }
    Ok(answer)
}

/// Opens a session and commits, or asks for the second factor.
async fn open(
    accounts: &AppState,
    mut transaction: Transaction<'_, Postgres>,
    (user, standing, second_factor): (Uuid, &Standing, Option<DateTime<Utc>>),
    attempt: &mut Attempt,
) -> Result<LoginAnswer, CallbackError> {
    let (hash, now) = (standing.password_hash.as_deref(), accounts.clock.now());
    if let Some(since) = second_factor {
        transaction.commit().await?;
        let challenges = accounts.second_factors.challenges();
        let challenge = challenges.write(user, hash.unwrap_or_default(), since)?;
        return Ok(LoginAnswer::SecondFactor(SecondFactorWanted::new(challenge)));
    }
    let number = credentials::begin_session(&mut transaction, user, hash, hash, now)
        .await?
        .ok_or(CallbackError::Disabled)?;
    let signed_in = sign_in(accounts, &mut transaction, (user, number), &attempt.device).await?;
    transaction.commit().await?;
    attempt.session = Some(signed_in.session);
    accounts.authenticator.revoke(&signed_in.revocations);
    Ok(LoginAnswer::SignedIn(signed_in.tokens))
}

/// The account to which an identity is linked that was never seen: the one with the same address,
/// where both sides made sure of it, or a new one.
async fn first(
    accounts: &AppState,
    transaction: &mut PgConnection,
    provider: &Provider,
    who: &Who,
    attempt: &mut Attempt,
) -> Result<Uuid, CallbackError> {
    let id = Uuid::now_v7();
    let holder = match &who.email {
        Some(email) => {
            accounts.make_free(transaction, id, email).await?;
            account_store::holder(transaction, email).await?
        }
        None => None,
    };
    match holder {
        None => make(accounts, transaction, provider, id, who).await,
        Some(Holder { user, verified: true }) if who.email_verified => Ok(user),
        Some(Holder { user, .. }) => {
            attempt.user = Some(user);
            Err(exists(provider))
        }
    }
}

/// A new account without a password.
async fn make(
    accounts: &AppState,
    transaction: &mut PgConnection,
    provider: &Provider,
    id: Uuid,
    who: &Who,
) -> Result<Uuid, CallbackError> {
    let now = accounts.clock.now();
    let made_up = (0..TRIES).filter_map(|_| made_up_login());
    for login in who.login.iter().cloned().chain(made_up) {
        let made = account_store::make_user(transaction, id, &login, who, now).await;
        let made = made.map_err(|error| match constraint(&error) {
            Some("users_email_key") => exists(provider),
            _ => Problem::from(error).into(),
        })?;
        if made {
            if let Some(email) = &who.email {
                claim_store::claim(transaction, id, email, now).await?;
            }
            return Ok(id);
        }
    }
    Err(Problem::new(crate::http::problem::INTERNAL).into())
}

fn made_up_login() -> Option<Login> {
    Login::parse(&format!("user-{:08x}", rand::rng().random::<u32>())).ok()
}

fn exists(provider: &Provider) -> CallbackError {
    let name = provider.name();
    let detail = format!(
        "Sign in to it as you do, then link your account at {name} by POST /api/v1/me/identities."
    );
    CallbackError::AccountExists.problem().detail(detail).into()
}
