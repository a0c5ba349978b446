//! The requirement that superusers have a second factor before they use their rights.

use uuid::Uuid;

use super::store;
use crate::db::PgPool;
use crate::http::problem::{Problem, Spec};

/// The superuser must enable a second factor first.
pub(crate) const MFA_REQUIRED: Spec = Spec::new(
    403,
    "second_factor_required",
    "Superusers must have a second factor on this server; enable yours first.",
);

/// Whether superusers must have a second factor.
pub(crate) struct MfaRequirement {
    required: bool,
    pool: PgPool,
}

impl MfaRequirement {
    #[must_use]
    pub(crate) const fn new(required: bool, pool: PgPool) -> Self {
        Self { required, pool }
    }

    /// Rejects a superuser without the required second factor.
    ///
    /// # Errors
    /// [`MFA_REQUIRED`], or the database is unavailable.
    pub(crate) async fn check(&self, superuser: Uuid) -> Result<(), Problem> {
        if !self.required {
            return Ok(());
        }
        let mut database = self.pool.acquire().await?;
        if store::enabled_since(&mut database, superuser).await?.is_some() {
            return Ok(());
        }
        Err(Problem::new(MFA_REQUIRED).detail("Start with POST /api/v1/me/second-factor."))
    }
}
