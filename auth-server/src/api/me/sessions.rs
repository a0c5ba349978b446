//! `GET /api/v1/me/sessions` and `DELETE /api/v1/me/sessions/{id}`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::PARAMETERS;
use crate::http::{NoContent, Reply};
use crate::problems;
use crate::session::{ActiveSession, list_active};

/// One login on one device.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct Session {
    /// Identifies the session; the claim `sid` of its access tokens.
    id: Uuid,
    /// What the client called itself at the login (`User-Agent`).
    device: Option<String>,
    /// Network address of the login.
    address: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it last got a pair of tokens.
    last_seen_at: DateTime<Utc>,
    /// True for the session that asks.
    current: bool,
}

/// The caller's sessions.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct SessionList {
    /// The latest used first.
    items: Vec<Session>,
    /// Always `null`: all of them fit.
    next: Option<String>,
}

problems! {
    /// What can go wrong with listing one's own sessions.
    pub(crate) enum ListError includes [SIGNED_IN, DATABASE] {}
}

problems! {
    /// What can go wrong with ending one of one's own sessions.
    pub(crate) enum EndError includes [SIGNED_IN, PARAMETERS, DATABASE] {
        NotFound = 404 "session_not_found" "You have no living session of this id.",
    }
}

/// The operations.
pub(crate) struct SessionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl SessionsApi {
    /// List one's own sessions.
    #[oai(path = "/sessions", method = "get", operation_id = "my_sessions")]
    async fn list(&self, SignedIn(caller): SignedIn) -> Result<Reply<SessionList>, ListError> {
        let now = self.0.clock.now();
        let found = list_active(&self.0.pool, caller.user, now).await?;
        let shown = |ActiveSession { id, device, address, created_at, last_seen_at }| {
            let current = id == caller.session;
            Session { id, device, address, created_at, last_seen_at, current }
        };
        Ok(Reply(SessionList { items: found.into_iter().map(shown).collect(), next: None }))
    }

    /// End one of one's own sessions. Its tokens are refused from the next request on.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "end_my_session")]
    async fn end(&self, SignedIn(caller): SignedIn, id: Path<Uuid>) -> Result<NoContent, EndError> {
        let AppState { pool, sessions, authenticator, .. } = &*self.0;
        let mut transaction = pool.begin().await?;
        let ended = sessions
            .end(&mut transaction, caller.user, id.0, "ended_by_user")
            .await?
            .ok_or(EndError::NotFound)?;
        transaction.commit().await?;
        authenticator.revoke(&[ended]);
        Ok(NoContent)
    }
}
