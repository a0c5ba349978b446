//! What the operations work with, made once at start.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::health::Health;
use super::{StartError, open};
use crate::api::oauth::Names;
use crate::api::state::Accounts;
use crate::authn::Identity;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::SealingKeys;
use crate::crypto::{Purpose, Secrets};
use crate::email::Mailer;
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::policy;
use crate::policy::LivePolicy;
use crate::second_factor::Gate;
use crate::token;
use crate::token::{KeyRing, Verifier};

/// What the operations work with.
pub struct Parts {
    pub pool: PgPool,
    pub clock: Clock,
    pub policy: Arc<LivePolicy>,
    pub identity: Arc<Identity>,
    pub keys: Arc<KeyRing>,
    pub names: Names,
    pub accounts: Accounts,
    pub oidc: Arc<Oidc>,
    pub gate: Arc<Gate>,
    pub health: Arc<Health>,
    pub metrics: Metrics,
}

impl Parts {
    /// Makes them. What has to go on beside the requests is spawned on `background` and ends with
    /// `stop`.
    pub async fn build(
        config: &Config,
        clock: Clock,
        (background, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<Self, StartError> {
        let (pool, policy) = open::policy(config, &clock).await?;
        let policy = Arc::new(policy);
        let follow = policy::follow(Arc::clone(&policy), pool.clone(), clock.clone(), stop.clone());
        background.spawn(follow);

        let secrets = Secrets::open(&config.secret)?;
        let oidc = Arc::new(Oidc::open(config, &secrets, &clock)?);
        let keys = keys(&secrets, &pool, &clock).await?;
        background.spawn(token::reload(Arc::clone(&keys), stop.clone()));
        let names = Names::of(&config.token);
        let life = config.token.life();
        let said = (&*names.issuer, &*names.audience);
        let verifier = Verifier::new(Arc::clone(&keys), clock.clone(), said, life);
        let redis = redis(config)?;
        let (identity, follower) = Identity::start(
            pool.clone(),
            verifier,
            redis.clone(),
            config.token.cache(),
            clock.clone(),
        )
        .await
        .map_err(|error| StartError::Database(config.database.url.clone(), error))?;
        background.spawn(follower.run(stop.clone()));

        let (identity, metrics) = (Arc::new(identity), Metrics::default());
        let mailer = Mailer::start(&config.mail, metrics.mails.clone(), (background, stop))?;
        let accounts = super::accounts::start(
            config,
            &secrets,
            (pool.clone(), redis.clone()),
            (Arc::clone(&keys), Arc::clone(&identity)),
            (clock.clone(), metrics.logins.clone(), mailer),
            (background, stop),
        )
        .map_err(StartError::Passwords)?;

        let gate = Gate::new(config.second_factor.superusers_need_it(), pool.clone());
        let gate = Arc::new(gate);
        let health = Arc::new(Health::new(pool.clone(), Arc::clone(&policy), redis));
        Ok(Self {
            pool,
            clock,
            policy,
            identity,
            keys,
            names,
            accounts,
            oidc,
            gate,
            health,
            metrics,
        })
    }
}

async fn keys(secrets: &Secrets, pool: &PgPool, clock: &Clock) -> Result<Arc<KeyRing>, StartError> {
    let sealing = SealingKeys::of(secrets, Purpose::SigningKeyEncryption);
    token::prepare(pool, &sealing, clock).await?;
    Ok(Arc::new(KeyRing::load(pool.clone(), sealing, clock.clone()).await?))
}

fn redis(config: &Config) -> Result<Option<redis::Client>, StartError> {
    let Some(connection) = config.redis.connection() else {
        tracing::warn!(
            "REDIS_URL is not set: revocations reach other servers by the database alone; \
             meant for a single server"
        );
        return Ok(None);
    };
    redis::Client::open(connection.clone()).map(Some).map_err(StartError::Redis)
}
