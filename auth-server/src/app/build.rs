//! Builds everything the server works with, once, at start.

use std::sync::Arc;

use service::lifecycle::Lifecycle;

use super::health::Health;
use super::{StartError, open};
use crate::api::AppState;
use crate::authn::Authenticator;
use crate::client::ClientDirectory;
use crate::clock::Clock;
use crate::config::{Config, TokenConfig};
use crate::crypto::{EncryptionKeys, Purpose, Secrets};
use crate::db::{DedicatedConnection, Limits, PgPool};
use crate::email::{EmailWorker, queue};
use crate::login_history::{LoginHistory, Retention};
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::password::Hasher;
use crate::policy::{Offload, PolicyFollower};
use crate::second_factor::{self, MfaRequirement, SecondFactors};
use crate::session::{RefreshBatches, RefreshKeys, SessionLimits, Sessions, sweep};
use crate::throttle::{RegistrationLimits, Throttle, ThrottleLimits};
use crate::token::{self, Challenges, Issuer, KeyRing, Verifier};

/// Everything the server works with.
pub(crate) struct Built {
    pub state: Arc<AppState>,
    pub mfa: Arc<MfaRequirement>,
    pub health: Arc<Health>,
    pub metrics: Metrics,
}

/// Connects to the stores, loads policy and keys, and spawns the background tasks.
pub(crate) async fn build(
    config: &Config,
    clock: Clock,
    lifecycle: &Lifecycle,
) -> Result<Built, StartError> {
    let stop = lifecycle.stop_token();
    let (maintenance, policy) = open::policy(config, &clock).await?;
    let pool = maintenance.with_limits(Limits::REQUEST);
    let policy = Arc::new(policy);
    let options = config.database.url.options();
    let follower =
        PolicyFollower::new(Arc::clone(&policy), options, maintenance.clone(), clock.clone());
    lifecycle.spawn("policy follower", follower.run(lifecycle.stop_token()));

    let secrets = Secrets::load_or_create(&config.secret)?;
    let keys = keys(&secrets, &pool, &clock).await?;
    lifecycle.spawn("signing key reload", token::reload(Arc::clone(&keys), lifecycle.stop_token()));

    let redis = open::redis(&config.redis)?;
    if redis.is_none() {
        tracing::warn!(
            "REDIS_URL is not set: revocations reach other servers through the database alone; \
             meant for a single server"
        );
    }
    let clients = ClientDirectory::new(pool.clone());
    let authenticator =
        authenticator(config, clients, &keys, redis.clone(), &clock, lifecycle).await?;
    let metrics = Metrics::new(&policy.recoveries);
    let limits = SessionLimits::new(&config.session, &config.token);
    lifecycle.spawn(
        "session sweep",
        sweep(maintenance.clone(), limits, clock.clone(), lifecycle.stop_token()),
    );
    let email_worker =
        EmailWorker::new(config, metrics.emails.clone(), clock.clone(), lifecycle.stop_token())?;
    lifecycle.spawn("e-mail worker", email_worker.run());
    let retention = queue::enforce_retention(maintenance, clock.clone(), lifecycle.stop_token());
    lifecycle.spawn("e-mail queue retention", retention);
    let state = AppState {
        issuer: issuer(config, &keys, &clock),
        sessions: Sessions::new(
            RefreshKeys::derive(&secrets),
            RefreshBatches::start(&config.database, limits.idle, &clock),
            limits,
            clock.clone(),
        ),
        hasher: Hasher::from_config(&config.password).map_err(StartError::Passwords)?,
        throttle: throttle(config, &secrets, redis.clone(), &clock)?,
        second_factors: second_factors(config, &secrets, &keys, &pool, &clock, lifecycle),
        oidc: Oidc::open(config, &secrets, &clock)?,
        history: LoginHistory::start(
            &pool,
            Retention::from_config(&config.history),
            metrics.anonymization.clone(),
            &clock,
            lifecycle.tasks(),
            &stop,
        ),
        logins: metrics.logins.clone(),
        registrations: metrics.registrations.clone(),
        tasks: lifecycle.tasks().clone(),
        decisions: metrics.decisions.clone(),
        filter: config.filter.clone(),
        mail: config.mail.clone(),
        pool: pool.clone(),
        policy: Arc::clone(&policy),
        offload: Offload::new(metrics.offloaded.clone()),
        authenticator,
        keys,
        clock,
    };
    Ok(Built {
        state: Arc::new(state),
        mfa: Arc::new(MfaRequirement::new(config.second_factor.superusers_need_it(), pool.clone())),
        health: Arc::new(Health::new(pool, policy, redis, lifecycle.clone())),
        metrics,
    })
}

async fn keys(secrets: &Secrets, pool: &PgPool, clock: &Clock) -> Result<Arc<KeyRing>, StartError> {
    let encryption = EncryptionKeys::of(secrets, Purpose::SigningKeyEncryption);
    token::prepare(pool, &encryption, clock).await?;
    Ok(Arc::new(KeyRing::load(pool.clone(), encryption, clock.clone()).await?))
}

async fn authenticator(
    config: &Config,
    clients: ClientDirectory,
    keys: &Arc<KeyRing>,
    redis: Option<redis::Client>,
    clock: &Clock,
    lifecycle: &Lifecycle,
) -> Result<Arc<Authenticator>, StartError> {
    let TokenConfig { issuer, audience, .. } = &config.token;
    let lifetime = config.token.life();
    let verifier = Verifier::new(Arc::clone(keys), clock.clone(), issuer, audience, lifetime);
    let cache = config.token.cache();
    let connection = DedicatedConnection::new(config.database.url.options(), Limits::REQUEST);
    let (authenticator, follower) =
        Authenticator::start(connection, clients, verifier, redis, cache, clock.clone())
            .await
            .map_err(|error| StartError::Database(config.database.url.clone(), error))?;
    lifecycle.spawn("revocation follower", follower.run(lifecycle.stop_token()));
    Ok(Arc::new(authenticator))
}

fn issuer(config: &Config, keys: &Arc<KeyRing>, clock: &Clock) -> Issuer {
    let TokenConfig { issuer, audience, .. } = &config.token;
    let (issuer, audience) = (issuer.to_string(), audience.to_string());
    Issuer::new(Arc::clone(keys), clock.clone(), issuer, audience, config.token.life())
}

fn throttle(
    config: &Config,
    secrets: &Secrets,
    redis: Option<redis::Client>,
    clock: &Clock,
) -> Result<Throttle, StartError> {
    let key = secrets.derive(Purpose::Throttle);
    // As many as can be hashed or wait for it: a flood is turned away before it takes memory.
    let max_in_progress = config.password.threads() + config.password.queue();
    Throttle::new(
        key,
        ThrottleLimits::from_config(&config.throttle),
        RegistrationLimits::from_config(&config.throttle),
        redis,
        max_in_progress,
        clock.clone(),
    )
    .map_err(StartError::Redis)
}

fn second_factors(
    config: &Config,
    secrets: &Secrets,
    keys: &Arc<KeyRing>,
    pool: &PgPool,
    clock: &Clock,
    lifecycle: &Lifecycle,
) -> Arc<SecondFactors> {
    let encryption = EncryptionKeys::of(secrets, Purpose::SecondFactorEncryption);
    let challenges = Challenges::new(Arc::clone(keys), clock.clone(), &config.token.issuer);
    let name = config.second_factor.name.to_string();
    let factors = Arc::new(SecondFactors::new(encryption, challenges, name, clock.clone()));
    if secrets.derive_previous(Purpose::SecondFactorEncryption).is_some() {
        let reencrypt =
            second_factor::reencrypt(Arc::clone(&factors), pool.clone(), lifecycle.stop_token());
        lifecycle.tasks().spawn(reencrypt);
    }
    factors
}
