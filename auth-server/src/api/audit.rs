//! `GET /api/v1/audit`

use std::sync::Arc;

use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::AppState;
use crate::audit;
use crate::audit::StoredRecord;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::{PageQuery, cut};
use crate::http::request_errors::PARAMETERS;
use crate::problems;

/// A page of audit records, newest first.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct AuditPage {
    items: Vec<StoredRecord>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

problems! {
    /// Errors of listing audit records.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

/// The operation.
pub(crate) struct AuditApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/audit", tag = "crate::http::tags::Tag::Audit")]
impl AuditApi {
    /// List audit records, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_audit_records")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AuditPage>, ListError> {
        let query: PageQuery<i64> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let before = query.after.unwrap_or(i64::MAX);
        let rows = audit::page(&self.0.pool, before, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |record| record.id);
        Ok(Reply(AuditPage { items, next }))
    }
}
