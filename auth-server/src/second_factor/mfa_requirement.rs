//! Superusers may have to have a second factor before they may use their rights.

use sqlx::PgPool;
use uuid::Uuid;

use super::store;
use crate::http::problem::{Problem, Spec};

/// What a superuser without a second factor gets where one is required.
pub(crate) const REQUIRED: Spec = Spec::new(
    403,
    "second_factor_required",
    "A superuser has to have a second factor here; turn yours on first.",
);

/// Asks superusers for their second factor, where the server is told to.
pub(crate) struct Gate {
    required: bool,
    pool: PgPool,
}

impl Gate {
    /// Asks for it only where it is `required`.
    #[must_use]
    pub(crate) const fn new(required: bool, pool: PgPool) -> Self {
        Self { required, pool }
    }

    /// Lets a superuser pass.
    ///
    /// # Errors
    /// [`REQUIRED`], or the database is away.
    pub(crate) async fn pass(&self, superuser: Uuid) -> Result<(), Problem> {
        if !self.required {
            return Ok(());
        }
        let mut database = self.pool.acquire().await?;
        if store::since(&mut database, superuser).await?.is_some() {
            return Ok(());
        }
        Err(Problem::new(REQUIRED).detail("Start with POST /api/v1/me/second-factor."))
    }
}
