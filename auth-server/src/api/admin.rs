//! Roles, rules and people's roles, over HTTP. Who may do it is itself decided by the rules.
//!
//! `guard` the caller's right to an operation · `precondition` ETags · one file per
//! thing that is administered.

use std::sync::Arc;

use poem_openapi::Object;
use policies::RoleName;
use serde::Serialize;
use sqlx::PgPool;

use crate::authn::Identity;
use crate::clock::Clock;
use crate::http::problem::Problem;
use crate::login_history::History;
use crate::policy::LivePolicy;
use crate::policy::write::PolicyWrite;
use crate::session::Sessions;

/// What every operation here works on.
#[derive(Clone)]
pub struct Admin {
    /// PostgreSQL.
    pub pool: PgPool,
    /// The policy, which is written and which decides who may.
    pub policy: Arc<LivePolicy>,
    /// The time.
    pub clock: Clock,
    /// Tries to log in.
    pub history: History,
    /// Ends sessions.
    pub sessions: Arc<Sessions>,
    /// Has to hear of sessions that end.
    pub identity: Arc<Identity>,
}

/// A write that is done.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Written {
    /// Revision of the policy from this write on.
    pub(crate) revision: i64,
}

/// A write of a grant, and the role that it is about.
pub(crate) type Steps<'a> = (PolicyWrite<'a>, RoleName);

impl Admin {
    pub(crate) async fn write(&self) -> Result<PolicyWrite<'_>, Problem> {
        PolicyWrite::begin(&self.policy, &self.pool, self.clock.now()).await
    }
}
