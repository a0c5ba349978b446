//! `GET /api/v1/audit`

use std::sync::Arc;

use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::audit;
use crate::audit::Line;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::{PageQuery, cut};
use crate::http::request_errors::PARAMETERS;
use crate::problems;

/// Writes of admins, newest first.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct AuditPage {
    items: Vec<Line>,
    /// Cursor of the next page.
    next: Option<String>,
}

problems! {
    /// What can go wrong with reading the trail.
    pub(crate) enum AuditError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

/// The operation.
pub(crate) struct AuditApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/audit", tag = "crate::http::tags::Tag::Audit")]
impl AuditApi {
    /// Every write of an admin, newest first.
    #[oai(path = "/", method = "get", operation_id = "read_audit")]
    async fn read(
        &self,
        _caller: AuthorizedAdmin,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AuditPage>, AuditError> {
        let query: PageQuery<i64> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let before = query.after.unwrap_or(i64::MAX);
        let rows = audit::page(&self.0.pool, before, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |line| line.id);
        Ok(Reply(AuditPage { items, next }))
    }
}
