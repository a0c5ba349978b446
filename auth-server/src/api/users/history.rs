//! `GET /api/v1/users/{id}/history`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::request_errors::PATH_ID;
use crate::http::{Reply, canonical};
use crate::login_history::{HistoryPage, HistoryQuery, list};
use crate::problems;
use crate::user::store;

problems! {
    /// Why the login history was not listed.
    pub(crate) enum HistoryError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, DATABASE] {
        NotFound = 404 "user_not_found" "User not found.",
    }
}

pub(crate) struct UserHistoryApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserHistoryApi {
    /// List the login attempts at a user's account, newest first.
    #[oai(path = "/:id/history", method = "get", operation_id = "list_user_logins")]
    async fn list(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
        /// Only attempts with this outcome: `succeeded`, `mfa_required`, or the code of a problem.
        outcome: Query<Option<String>>,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<HistoryPage>, HistoryError> {
        let AppState { pool, history, .. } = &*self.0;
        if !store::exists(pool, id.0).await? {
            return Err(HistoryError::NotFound);
        }
        let query = HistoryQuery { outcome: outcome.0, limit: limit.0, cursor: cursor.0 };
        Ok(Reply(list(pool, history, id.0, query).await?))
    }
}
