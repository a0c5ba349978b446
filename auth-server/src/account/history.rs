//! `GET /api/v1/me/history`

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::Accounts;
use crate::history::{Page, list};
use crate::identity::{SIGNED_IN, SignedIn};
use crate::input::PARAMETERS;
use crate::problems;
use crate::request::Reply;
use crate::store::DATABASE;

problems! {
    /// What can go wrong with reading one's own history.
    pub(super) enum HistoryError includes [SIGNED_IN, PARAMETERS, DATABASE] {}
}

/// The operation.
pub struct MyHistoryApi(pub Accounts);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::tags::Tag::Me")]
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
        let Accounts { pool, history, .. } = &self.0;
        let page = list(pool, history, caller.user, (outcome.0, limit.0, cursor.0)).await?;
        Ok(Reply(page))
    }
}
