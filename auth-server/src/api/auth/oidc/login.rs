//! Logging in with an external identity.

use std::net::IpAddr;

use rand::Rng;
use uuid::Uuid;

use super::callback::{CallbackError, CallbackFailure};
use super::link::linked;
use crate::api::AppState;
use crate::api::auth::email::claim::MessageTurn;
use crate::api::auth::login_response::LoginResult;
use crate::api::auth::open_session::open_session;
use crate::db::{PgConnection, Transaction};
use crate::email::EmailAddress;
use crate::email::claim_store::{self, EmailOwner};
use crate::http::problem::{INTERNAL, Problem};
use crate::oidc::{ExternalIdentity, Provider, store};
use crate::second_factor::SecondFactors;
use crate::session::Device;
use crate::user::{Login, credentials};

/// How many generated logins are tried. One is taken once in four billion.
const MAX_GENERATED_LOGINS: usize = 3;

/// A login with an external identity.
pub(super) struct OidcLogin {
    pub user: Uuid,
    pub result: LoginResult,
}

/// The account of an external identity.
struct Account {
    user: Uuid,
    /// False if the identity is about to be linked to it.
    linked: bool,
}

/// Logs in to the account of this identity. An identity that is not linked to an account yet is
/// linked to the one with its e-mail address, or to a new one.
pub(super) async fn log_in(
    state: &AppState,
    provider: &Provider,
    identity: &ExternalIdentity,
    device: &Device,
    address: IpAddr,
) -> Result<OidcLogin, CallbackFailure> {
    let turn = message_turn(state, identity, address).await?;
    let mut transaction = state.pool.begin().await?;
    store::lock(&mut transaction, identity).await?;
    let owner = store::owner(&mut transaction, identity).await?;
    let linked = owner.is_some();
    let user = match owner {
        Some(user) => user,
        None => account_to_link(state, &mut transaction, provider, identity, turn).await?,
    };
    let account = Account { user, linked };
    let result = log_in_to(state, transaction, &account, provider, identity, device).await;
    let result = result.map_err(|error| CallbackFailure::of_user(user, error))?;
    Ok(OidcLogin { user, result })
}

/// The turn of the message to a new account whose address the provider has not verified.
async fn message_turn(
    state: &AppState,
    identity: &ExternalIdentity,
    from: IpAddr,
) -> sqlx::Result<Option<MessageTurn>> {
    let unverified = identity.email.as_ref().filter(|_| !identity.email_verified);
    let Some(email) = unverified else { return Ok(None) };
    let owner = store::owner(&mut state.pool.acquire().await?, identity).await?;
    Ok(if owner.is_none() { state.message_turn(email, from).await } else { None })
}

/// Links the identity if it is not linked yet, and opens a session or issues a challenge for the
/// second factor.
async fn log_in_to(
    state: &AppState,
    mut transaction: Transaction<'_>,
    account: &Account,
    provider: &Provider,
    identity: &ExternalIdentity,
    device: &Device,
) -> Result<LoginResult, CallbackError> {
    let (user, now) = (account.user, state.clock.now());
    let locked = store::lock_account(&mut transaction, user).await?;
    let locked = locked.filter(|locked| !locked.disabled);
    let hash = locked.ok_or(CallbackError::AccountDisabled)?.password_hash;
    let second_factor = SecondFactors::enabled_since(&mut transaction, user).await?;
    if !account.linked {
        // The provider's word alone must not change an account that has a second factor.
        if second_factor.is_some() {
            return Err(account_exists(provider));
        }
        store::insert(&mut transaction, user, identity, now).await?;
    }
    // A concurrent request may have unlinked it.
    if !store::record_use(&mut transaction, user, identity, now).await? {
        return Err(CallbackError::StateInvalid);
    }
    if let Some(since) = second_factor {
        transaction.commit().await?;
        // Accounts without a password have the empty credential.
        let credential = hash.as_deref().unwrap_or_default();
        let challenge = state.second_factors.challenges().write(user, credential, since)?;
        return Ok(LoginResult::SecondFactorRequired(challenge));
    }
    let hash = hash.as_deref();
    let number = credentials::begin_session(&mut transaction, user, hash, hash, now)
        .await?
        .ok_or(CallbackError::AccountDisabled)?;
    let session = open_session(state, &mut transaction, user, number, device).await?;
    transaction.commit().await?;
    state.authenticator.revoke(&session.revocations);
    Ok(LoginResult::Session(session))
}

/// The account to link an unknown identity to: the one that has confirmed its e-mail address together
/// with the account, if the provider has verified the address, too; or a new one.
async fn account_to_link(
    state: &AppState,
    transaction: &mut PgConnection,
    provider: &Provider,
    identity: &ExternalIdentity,
    turn: Option<MessageTurn>,
) -> Result<Uuid, CallbackFailure> {
    if let Some(email) = &identity.email {
        claim_store::lock(transaction, email.key()).await?;
        match claim_store::owner(&mut *transaction, email).await? {
            None => {}
            Some(EmailOwner { user, account_proof: true }) if identity.email_verified => {
                linked(user).record(transaction, state.clock.now()).await?;
                return Ok(user);
            }
            Some(EmailOwner { user, .. }) => {
                return Err(CallbackFailure::of_user(user, account_exists(provider)));
            }
        }
    }
    let user = create_account(state, transaction, identity).await?;
    if let Some(email) = &identity.email
        && !give_email(state, transaction, user, identity, email, turn).await?
    {
        return Err(account_exists(provider).into());
    }
    Ok(user)
}

/// A new account without a password.
async fn create_account(
    state: &AppState,
    transaction: &mut PgConnection,
    identity: &ExternalIdentity,
) -> Result<Uuid, Problem> {
    let (id, now) = (Uuid::now_v7(), state.clock.now());
    let generated = (0..MAX_GENERATED_LOGINS).filter_map(|_| generated_login());
    for login in identity.login.iter().cloned().chain(generated) {
        if store::create_account(transaction, id, &login, identity, now).await? {
            return Ok(id);
        }
    }
    Err(Problem::new(INTERNAL))
}

/// Gives a new account the address of its identity: the provider's word confirms it, also against
/// accounts that only claim it. `false` if it belongs to another account.
async fn give_email(
    state: &AppState,
    transaction: &mut PgConnection,
    user: Uuid,
    identity: &ExternalIdentity,
    email: &EmailAddress,
    turn: Option<MessageTurn>,
) -> sqlx::Result<bool> {
    if !identity.email_verified {
        return state.claim_email(transaction, user, email, turn).await;
    }
    let now = state.clock.now();
    claim_store::take_over(transaction, user, email.key()).await?;
    claim_store::claim(transaction, user, email, now).await?;
    claim_store::confirm(transaction, user, email.key(), now).await
}

fn generated_login() -> Option<Login> {
    Login::parse(&format!("user-{:08x}", rand::rng().random::<u32>())).ok()
}

fn account_exists(provider: &Provider) -> CallbackError {
    let name = provider.name();
    let detail = format!(
        "Log in to it as usual, or first reset its password by e-mail; then link your identity at \
         {name} with POST /api/v1/me/identities."
    );
    CallbackError::AccountExists.problem().detail(detail).into()
}
