//! `GET /api/v1/me/sessions` and `DELETE /api/v1/me/sessions/{id}`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::request_errors::PATH_ID;
use crate::http::{NoContent, Reply, canonical};
use crate::problems;
use crate::session::{ActiveSession, list_active};

/// A session: one login on one device.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct Session {
    /// Identifies the session; the claim `sid` of its access tokens.
    id: Uuid,
    /// `User-Agent` of the client that logged in.
    device: Option<String>,
    /// Network address of the login.
    address: Option<String>,
    /// When the session was opened.
    created_at: DateTime<Utc>,
    /// When the session was last refreshed.
    last_seen_at: DateTime<Utc>,
    /// Whether it is the session of this request.
    current: bool,
}

/// Your active sessions.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct SessionList {
    /// Most recently used first.
    items: Vec<Session>,
    /// Always `null`: there is one page.
    next: Option<String>,
}

problems! {
    /// Problems of listing one's own sessions.
    pub(crate) enum ListError includes [SIGNED_IN, DATABASE] {}
}

problems! {
    /// Problems of ending one of one's own sessions.
    pub(crate) enum RevokeError includes [SIGNED_IN, PATH_ID, DATABASE_WRITE] {
        NotFound = 404 "session_not_found" "You have no active session with this id.",
    }
}

/// `list_my_sessions`, `revoke_my_session`
pub(crate) struct MySessionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MySessionsApi {
    /// List your active sessions.
    #[oai(path = "/sessions", method = "get", operation_id = "list_my_sessions")]
    async fn list(&self, SignedIn(caller): SignedIn) -> Result<Reply<SessionList>, ListError> {
        let active = list_active(&self.0.pool, caller.user, self.0.clock.now()).await?;
        let session = |ActiveSession { id, device, address, created_at, last_seen_at }| {
            let current = id == caller.session;
            Session { id, device, address, created_at, last_seen_at, current }
        };
        Ok(Reply(SessionList { items: active.into_iter().map(session).collect(), next: None }))
    }

    /// End one of your sessions.
    ///
    /// Its tokens are refused from the next request on.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "revoke_my_session")]
    async fn revoke(
        &self,
        /// Id of the session.
        id: canonical::Path<Uuid>,
        SignedIn(caller): SignedIn,
    ) -> Result<NoContent, RevokeError> {
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let revocation = sessions
            .end(&mut transaction, caller.user, id.0, "ended_by_user")
            .await?
            .ok_or(RevokeError::NotFound)?;
        transaction.commit().await?;
        authenticator.revoke(&[revocation]);
        Ok(NoContent)
    }
}
