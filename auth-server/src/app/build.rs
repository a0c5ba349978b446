//! Builds everything the server works with, once, at start.

use std::sync::Arc;

use service::lifecycle::Lifecycle;

use super::health::Health;
use super::{StartError, expiry, open};
use crate::api::AppState;
use crate::authn::Authenticator;
use crate::client::ClientDirectory;
use crate::clock::Clock;
use crate::config::{Config, TokenConfig};
use crate::crypto::{EncryptionKeys, Purpose, Secrets};
use crate::db::{AgreedClock, DedicatedConnection, Limits, PgPool};
use crate::email::{EmailWorker, queue};
use crate::films::Films;
use crate::login_history::{LoginHistory, Retention};
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::password::Hasher;
use crate::policy::{Offload, PolicyFollower};
use crate::preview::Previews;
use crate::redis::Redis;
use crate::second_factor::{MfaRequirement, SecondFactors};
use crate::secret_replacement::{SecretReplacement, compromised};
use crate::session::{RefreshBatches, RefreshKeys, SessionLimits, Sessions};
use crate::throttle::{RegistrationLimits, Throttle, ThrottleLimits};
use crate::token::{self, Challenges, Issuer, KeyRing, Verifier};
use crate::user::adopt::adopt_and_log;

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
    let agreed = AgreedClock::new(pool.clone(), clock.clone(), config.database.clock_tolerance());
    let policy = Arc::new(policy);
    let options = config.database.direct().options();
    let follower = PolicyFollower::new(Arc::clone(&policy), options, clock.clone());
    lifecycle.spawn("policy follower", follower.run(lifecycle.stop_token()));

    let secrets = Secrets::load_or_create(&config.secret)?;
    let keys = keys(&secrets, &pool, &clock).await?;
    let reload = token::reload(Arc::clone(&keys), agreed.clone(), lifecycle.stop_token());
    lifecycle.spawn("signing key reload", reload);

    compromised::check(&pool, &secrets.fingerprints()).await?;
    let limits = SessionLimits::new(&config.session, &config.token);
    let replacement = SecretReplacement::announce(pool.clone(), &secrets, limits.absolute).await;
    let replacement =
        replacement.map_err(|error| StartError::Database(config.database.url.clone(), error))?;
    lifecycle.spawn("secret announcement", replacement.clone().run(lifecycle.stop_token()));

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
    let sweep =
        expiry::sweep(maintenance.clone(), limits.absolute, agreed.clone(), lifecycle.stop_token());
    lifecycle.spawn("expiry sweep", sweep);
    let email_worker =
        EmailWorker::new(config, metrics.emails.clone(), clock.clone(), lifecycle.stop_token())?;
    lifecycle.spawn("e-mail worker", email_worker.run());
    lifecycle.tasks().spawn(adopt_and_log(maintenance.clone()));
    let retention = queue::enforce_retention(maintenance, agreed.clone(), lifecycle.stop_token());
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
        throttle: throttle(config, &secrets, redis.clone(), &clock, lifecycle),
        second_factors: second_factors(config, &secrets, &keys, &clock, &replacement, lifecycle),
        oidc: Oidc::open(config, &secrets, &clock)?,
        history: LoginHistory::start(
            &pool,
            Retention::from_config(&config.history),
            metrics.anonymization.clone(),
            &agreed,
            lifecycle.tasks(),
            &stop,
        ),
        logins: metrics.logins.clone(),
        registrations: metrics.registrations.clone(),
        begun: lifecycle.begun().clone(),
        decisions: metrics.decisions.clone(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        films: Films::open(config.elasticsearch.as_ref())?,
        previews: Previews::default(),
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
        health: Arc::new(Health::new(
            config.database.url.clone(),
            pool,
            policy,
            redis,
            agreed,
            replacement,
            lifecycle.clone(),
        )),
        metrics,
    })
}

async fn keys(secrets: &Secrets, pool: &PgPool, clock: &Clock) -> Result<Arc<KeyRing>, StartError> {
    let encryption = EncryptionKeys::of(secrets, Purpose::SigningKeyEncryption);
    token::create_first(pool, &encryption, clock.now()).await?;
    Ok(Arc::new(KeyRing::load(pool.clone(), encryption, clock.clone()).await?))
}

async fn authenticator(
    config: &Config,
    clients: ClientDirectory,
    keys: &Arc<KeyRing>,
    redis: Option<Redis>,
    clock: &Clock,
    lifecycle: &Lifecycle,
) -> Result<Arc<Authenticator>, StartError> {
    let TokenConfig { issuer, audience, .. } = &config.token;
    let lifetime = config.token.life();
    let verifier = Verifier::new(Arc::clone(keys), clock.clone(), issuer, audience, lifetime);
    let cache = config.token.cache();
    let connection = DedicatedConnection::new(config.database.direct().options(), Limits::REQUEST);
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
    redis: Option<Redis>,
    clock: &Clock,
    lifecycle: &Lifecycle,
) -> Throttle {
    let key = secrets.derive(Purpose::Throttle);
    // As many as can be hashed or wait for it: a flood is turned away before it takes memory.
    let max_in_progress = config.password.threads() + config.password.queue();
    let (throttle, late) = Throttle::new(
        key,
        ThrottleLimits::from_config(&config.throttle),
        RegistrationLimits::from_config(&config.throttle),
        redis,
        max_in_progress,
        clock.clone(),
    );
    if let Some(late) = late {
        lifecycle.spawn("late settlements", late.run(lifecycle.stop_token()));
    }
    throttle
}

fn second_factors(
    config: &Config,
    secrets: &Secrets,
    keys: &Arc<KeyRing>,
    clock: &Clock,
    replacement: &SecretReplacement,
    lifecycle: &Lifecycle,
) -> Arc<SecondFactors> {
    let encryption = EncryptionKeys::of(secrets, Purpose::SecondFactorEncryption);
    let challenges = Challenges::new(Arc::clone(keys), clock.clone(), &config.token.issuer);
    let name = config.second_factor.name.to_string();
    let factors = Arc::new(SecondFactors::new(encryption, challenges, name, clock.clone()));
    let keys = EncryptionKeys::of(secrets, Purpose::SigningKeyEncryption);
    let stop = lifecycle.stop_token();
    lifecycle.tasks().spawn(replacement.clone().reencrypt(keys, Arc::clone(&factors), stop));
    factors
}
