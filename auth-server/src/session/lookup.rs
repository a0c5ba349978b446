//! What a refresh token is worth, without using it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Sessions, refresh_store};

/// The session of a refresh token that is good for a successor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    /// Its user.
    pub user: Uuid,
    /// Its id.
    pub session: Uuid,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
}

impl Sessions {
    /// The session whose current refresh token this is; nothing for a token that was replaced.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn current(
        &self,
        database: &mut PgConnection,
        token: &str,
    ) -> sqlx::Result<Option<Current>> {
        let Some(link) = self.keys.read(token) else { return Ok(None) };
        refresh_store::current(database, link.session, link.counter, self.clock.now()).await
    }

    /// User and session that this refresh token was ever given out for, whatever became of it.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn owner(
        &self,
        database: &mut PgConnection,
        token: &str,
    ) -> sqlx::Result<Option<(Uuid, Uuid)>> {
        let Some(link) = self.keys.read(token) else { return Ok(None) };
        let user = refresh_store::owner(database, link.session).await?;
        Ok(user.map(|user| (user, link.session)))
    }
}
