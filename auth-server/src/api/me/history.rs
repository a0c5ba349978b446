//! `GET /api/v1/me/history`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::request_errors::PARAMETERS;
use crate::login_history::{Page, list};
use crate::problems;

problems! {
    /// What can go wrong with reading one's own history.
    pub(crate) enum HistoryError includes [SIGNED_IN, PARAMETERS, DATABASE] {}
}

/// The operation.
pub(crate) struct MyHistoryApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyHistoryApi {
    /// Tries to log in to one's own account, newest first.
    #[oai(path = "/history", method = "get", operation_id = "my_history")]
    async fn read(
        &self,
        SignedIn(caller): SignedIn,
        /// Only tries that ended like this: `succeeded`, or the code of a problem.
        outcome: Query<Option<String>>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<Page>, HistoryError> {
        let AppState { pool, history, .. } = &*self.0;
        let page = list(pool, history, caller.user, (outcome.0, limit.0, cursor.0)).await?;
        Ok(Reply(page))
    }
}
