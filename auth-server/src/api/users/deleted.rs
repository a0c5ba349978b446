//! `GET /api/v1/users/deleted`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::authn::{CLIENT, NO_SUBJECT, ServiceClient};
use crate::client::Scope;
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::PageQuery;
use crate::http::request_errors::PARAMETERS;
use crate::problems;
use crate::user::deletions::{self, DeletedUser};

/// A page of deleted accounts, in the order of their deletion.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct DeletedPage {
    items: Vec<DeletedUser>,
    /// `after` of the next page; `null` on the last page.
    next: Option<DateTime<Utc>>,
}

problems! {
    /// Problems of listing deleted accounts.
    pub(crate) enum ListError includes [CLIENT, NO_SUBJECT, PARAMETERS, DATABASE] {}
}

/// `list_deleted_users`
pub(crate) struct DeletedApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Clients")]
impl DeletedApi {
    /// List deleted accounts, in the order of their deletion.
    ///
    /// For programs that keep data of users: erase what belongs to these ids, store the last `deleted_at`
    /// in the same transaction, and continue after it the next time. Deletions appear in the order of
    /// `deleted_at`, so none is missed, and are listed forever. Tokens of a deleted account are refused,
    /// but a request that was being answered may still write: apply deletions of the last few
    /// minutes again. Requires the scope `users:deleted`.
    #[oai(path = "/deleted", method = "get", operation_id = "list_deleted_users")]
    async fn list(
        &self,
        client: ServiceClient,
        /// Only accounts deleted after this time, a `deleted_at` that was received before. Default: all.
        after: Query<Option<DateTime<Utc>>>,
        /// Maximum number of items, 1–1000. Default: 50.
        limit: Query<Option<u32>>,
    ) -> Result<Reply<DeletedPage>, ListError> {
        client.require(Scope::UsersDeleted)?;
        let query: PageQuery<()> = PageQuery::parse(limit.0, None)?;
        let mut items = deletions::page(&self.0.pool, after.0, query.rows()).await?;
        let more = items.len() > query.limit;
        items.truncate(query.limit);
        let next = items.last().filter(|_| more).map(|last| last.deleted_at);
        Ok(Reply(DeletedPage { items, next }))
    }
}
