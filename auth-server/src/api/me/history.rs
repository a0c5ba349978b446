//! `GET /api/v1/me/history`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::request_errors::PARAMETERS;
use crate::login_history::{HistoryPage, HistoryQuery, list};
use crate::problems;

problems! {
    /// Why the login history was not listed.
    pub(crate) enum HistoryError includes [SIGNED_IN, PARAMETERS, DATABASE] {}
}

pub(crate) struct MyHistoryApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyHistoryApi {
    /// List the login attempts at your account, newest first.
    #[oai(path = "/history", method = "get", operation_id = "list_my_logins")]
    async fn list(
        &self,
        SignedIn(caller): SignedIn,
        /// Only attempts with this outcome: `succeeded`, `mfa_required`, or the code of a problem.
        outcome: Query<Option<String>>,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<HistoryPage>, HistoryError> {
        let AppState { pool, history, .. } = &*self.0;
        let query = HistoryQuery { outcome: outcome.0, limit: limit.0, cursor: cursor.0 };
        Ok(Reply(list(pool, history, caller.user, query).await?))
    }
}
