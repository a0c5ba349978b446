//! The state shared by all operations.

use std::sync::Arc;

use service::config::TrustedProxies;
use tokio_util::task::TaskTracker;

use crate::authn::Authenticator;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::clock::Clock;
use crate::config::{FilterConfig, MailConfig};
use crate::db::PgPool;
use crate::films::Films;
use crate::http::problem::Problem;
use crate::idempotency::IdempotencyKey;
use crate::login_history::LoginHistory;
use crate::metrics::{Decisions, Outcomes};
use crate::oidc::Oidc;
use crate::password::Hasher;
use crate::policy::write::{Begun, PolicyWrite};
use crate::policy::{LivePolicy, Offload};
use crate::preview::Previews;
use crate::second_factor::SecondFactors;
use crate::session::Sessions;
use crate::throttle::Throttle;
use crate::token::{Issuer, KeyRing};

/// The state shared by all operations, built once at start.
pub(crate) struct AppState {
    /// Connections to PostgreSQL.
    pub pool: PgPool,
    /// The clock.
    pub clock: Clock,
    /// The policy of this replica.
    pub policy: Arc<LivePolicy>,
    /// Runs evaluations that take long.
    pub offload: Offload,
    /// Authenticates access tokens; every revocation must be passed to it.
    pub authenticator: Arc<Authenticator>,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// Signs access tokens.
    pub issuer: Issuer,
    /// Opens, refreshes and ends sessions.
    pub sessions: Sessions,
    /// Hashes and verifies passwords.
    pub hasher: Hasher,
    /// Throttles login attempts.
    pub throttle: Throttle,
    /// Enrolls and verifies second factors.
    pub second_factors: Arc<SecondFactors>,
    /// Identity providers that users can sign in with.
    pub oidc: Oidc,
    /// Records login attempts.
    pub history: LoginHistory,
    /// Counts login attempts.
    pub logins: Outcomes,
    /// Counts registrations.
    pub registrations: Outcomes,
    /// Runs attempts that must not end with the connection of their client.
    pub begun: TaskTracker,
    /// The previews that are running.
    pub previews: Previews,
    /// Counts decisions.
    pub decisions: Decisions,
    /// Proxies that may ask about requests to other applications.
    pub trusted_proxies: TrustedProxies,
    /// The films in Elasticsearch, if it is configured. No decision reads them.
    pub films: Option<Films>,
    /// Who gets search filters.
    pub filter: FilterConfig,
    /// Settings of e-mail.
    pub mail: MailConfig,
}

impl AppState {
    /// Begins a write of the policy.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(crate) async fn begin_policy_write(&self) -> Result<PolicyWrite<'_>, Problem> {
        PolicyWrite::begin(&self.policy, &self.pool, self.clock.now()).await
    }

    /// Begins an admin's write of the policy, who makes it once under this key.
    ///
    /// # Errors
    /// One of [`crate::idempotency::IDEMPOTENCY`], or the database is unavailable.
    pub(crate) async fn begin_admin_write(
        &self,
        caller: &AuthorizedAdmin,
        key: &IdempotencyKey,
    ) -> Result<Begun<'_>, Problem> {
        let Self { policy, pool, clock, .. } = self;
        PolicyWrite::begin_once(policy, pool, clock.now(), caller.user, key).await
    }

    /// The same, or a dry run, for which a key means nothing.
    pub(crate) async fn begin_policy_change(
        &self,
        caller: &AuthorizedAdmin,
        key: &IdempotencyKey,
        dry_run: bool,
    ) -> Result<Begun<'_>, Problem> {
        if dry_run {
            return Ok(Begun::Write(self.begin_policy_write().await?.dry_run()));
        }
        self.begin_admin_write(caller, key).await
    }
}
