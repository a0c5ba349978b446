//! `/api/v1/policy`

use std::sync::Arc;

use poem::http::header;
use poem::{IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object, OpenApi, payload};
use policies::csv;
use serde::Serialize;

use super::AppState;
use crate::authn::authorized_admin::AUTHORIZATION;
use crate::authn::{CLIENT, PolicyReading, SIGNED_IN, TrustedReader};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::tagged;
use crate::http::request_errors::PARAMETERS;
use crate::policy::role_sets::{self, RoleSet};
use crate::policy::{EVALUATION, roles, transfer};
use crate::problems;

/// A page of sets of roles, ordered by their roles.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RoleSetPage {
    items: Vec<RoleSet>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

/// 200 with roles and rules as text.
pub(super) struct PolicyText(pub(super) String);

problems! {
    /// Errors of reading the policy.
    pub(crate) enum ExportError includes [SIGNED_IN, AUTHORIZATION, CLIENT, EVALUATION, DATABASE] {}
}

problems! {
    /// Errors of listing the sets of roles.
    pub(crate) enum RoleSetsError includes
        [SIGNED_IN, AUTHORIZATION, CLIENT, PARAMETERS, DATABASE]
    {}
}

/// The operations.
pub(crate) struct PolicyApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/policy", tag = "crate::http::tags::Tag::Policy")]
impl PolicyApi {
    /// Get all roles and rules.
    ///
    /// In the format of `auth-server rules export`, which `auth-server rules import|check|test` and
    /// `etl-labeler preview` read. For admins, and for service clients with the scope `policy:read`.
    #[oai(path = "/", method = "get", operation_id = "export_policy")]
    async fn export(
        &self,
        _caller: TrustedReader<PolicyReading>,
    ) -> Result<payload::Response<PolicyText>, ExportError> {
        let place = self.0.offload.admit()?;
        let descriptions = roles::all_descriptions(&self.0.pool).await?;
        let policy = self.0.policy.snapshot_full();
        let revision = policy.revision();
        let write = move || csv::write(&transfer::export(&policy, &descriptions));
        let text = place.run(write).await?;
        Ok(tagged(PolicyText(text), revision))
    }

    /// List the sets of roles that users have together.
    ///
    /// The users that a change of the policy affects. For admins, and for service clients with the scope
    /// `policy:read`.
    #[oai(path = "/role-sets", method = "get", operation_id = "list_role_sets")]
    async fn role_sets(
        &self,
        _caller: TrustedReader<PolicyReading>,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RoleSetPage>, RoleSetsError> {
        let query: PageQuery<Vec<String>> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or_default();
        let rows = role_sets::page(&self.0.pool, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |set: &RoleSet| set.roles.clone());
        Ok(Reply(RoleSetPage { items, next }))
    }
}

impl PolicyText {
    const CONTENT_TYPE: &'static str = "text/csv; charset=utf-8";
}

impl IntoResponse for PolicyText {
    fn into_response(self) -> Response {
        self.0
            .with_content_type(Self::CONTENT_TYPE)
            .with_header(header::CACHE_CONTROL, "no-store")
            .into_response()
    }
}

impl ApiResponse for PolicyText {
    fn meta() -> MetaResponses {
        let content =
            MetaMediaType { content_type: Self::CONTENT_TYPE, schema: String::schema_ref() };
        let response = MetaResponse {
            description: "Roles and rules.",
            status: Some(200),
            status_range: None,
            content: vec![content],
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}
