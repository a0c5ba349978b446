//! Putting the account side together.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::state::Accounts;
use crate::authn::Identity;
use crate::clock::Clock;
use crate::config::{Config, PasswordConfig, TokenConfig};
use crate::crypto::SealingKeys;
use crate::crypto::{Purpose, Secrets};
use crate::email::{Letters, Mailer};
use crate::login_history::History;
use crate::metrics::Logins;
use crate::password::{Cost, Hasher};
use crate::second_factor;
use crate::second_factor::SecondFactors;
use crate::session::{RefreshKeys, Rotations, Sessions, sweep};
use crate::throttle::Throttle;
use crate::token::{Challenges, Issuer, KeyRing};

/// What the operations on accounts work on, and beside it tasks that forget dead sessions
/// and keep the history of logins.
///
/// # Errors
/// The system gives no threads for hashing, or argon2 refuses the configured cost.
pub fn start(
    config: &Config,
    secrets: &Secrets,
    (pool, redis): (PgPool, Option<redis::Client>),
    (keys, identity): (Arc<KeyRing>, Arc<Identity>),
    (clock, logins, mailer): (Clock, Logins, Mailer),
    (background, stop): (&TaskTracker, &CancellationToken),
) -> std::io::Result<Accounts> {
    let limits = config.session.limits(config.token.life());
    background.spawn(sweep(pool.clone(), limits, clock.clone(), stop.clone()));
    let history = History::start(&pool, config.history.retention(), &clock, (background, stop));
    let refresh_keys = RefreshKeys::new(
        &secrets.derive(Purpose::RefreshToken),
        secrets.derive_previous(Purpose::RefreshToken).as_deref(),
    );
    let rotations = Rotations::new(&config.database).map_err(std::io::Error::other)?;
    let sessions = Sessions::new(refresh_keys, rotations, limits, clock.clone());
    let second_factors = second_factors(config, secrets, &keys, &clock);
    if secrets.derive_previous(Purpose::SecondFactorEncryption).is_some() {
        let factors = Arc::clone(&second_factors);
        background.spawn(second_factor::reseal(factors, pool.clone(), stop.clone()));
    }
    let TokenConfig { issuer, audience, .. } = &config.token;
    let (issuer, audience) = (issuer.to_string(), audience.to_string());
    let issuer = Issuer::new(keys, clock.clone(), issuer, audience, config.token.life());
    let throttle = throttle(config, secrets, redis, &clock)?;
    Ok(Accounts {
        pool,
        throttle: Arc::new(throttle),
        hasher: Arc::new(hasher(&config.password)?),
        sessions: Arc::new(sessions),
        second_factors,
        issuer: Arc::new(issuer),
        identity,
        logins,
        history,
        mailer,
        letters: Arc::new(Letters::new(&config.second_factor.name, &config.mail)),
        mail: Arc::new(config.mail.clone()),
        clock,
    })
}

fn throttle(
    config: &Config,
    secrets: &Secrets,
    redis: Option<redis::Client>,
    clock: &Clock,
) -> std::io::Result<Throttle> {
    let (key, limits) = (secrets.derive(Purpose::Throttle), config.throttle.limits());
    // As many as can be hashed or wait for it: a flood is turned away before it takes memory.
    let most = config.password.threads() + config.password.queue();
    Throttle::new(key, limits, redis, most, clock.clone()).map_err(std::io::Error::other)
}

fn second_factors(
    config: &Config,
    secrets: &Secrets,
    keys: &Arc<KeyRing>,
    clock: &Clock,
) -> Arc<SecondFactors> {
    let sealing = SealingKeys::of(secrets, Purpose::SecondFactorEncryption);
    let challenges = Challenges::new(Arc::clone(keys), clock.clone(), &config.token.issuer);
    let name = config.second_factor.name.to_string();
    Arc::new(SecondFactors::new(sealing, challenges, name, clock.clone()))
}

/// The threads that hash passwords.
pub(crate) fn hasher(config: &PasswordConfig) -> std::io::Result<Hasher> {
    let cost = Cost::new(config.memory_kib, config.passes).map_err(std::io::Error::other)?;
    Hasher::start(&cost, config.threads(), config.queue(), config.shortest())
}
