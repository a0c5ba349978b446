//! `GET /api/v1/roles` and `GET /api/v1/roles/{name}`

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::RoleName;
use serde::Serialize;

use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::etag;
use crate::http::request_errors::PARAMETERS;
use crate::policy::roles as store;
use crate::policy::roles::Role;
use crate::policy::rules;
use crate::policy::rules::StoredRule;
use crate::problems;

/// Rules shown with a role.
const RULES_SHOWN: i64 = 1_000;

/// A role with the rules that speak of it.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RoleWithRules {
    #[oai(flatten)]
    #[serde(flatten)]
    role: Role,
    /// The first 1,000 rules that speak of it, in rule order.
    rules: Vec<StoredRule>,
}

/// A page of roles, by name.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RolePage {
    items: Vec<Role>,
    /// Cursor of the next page.
    next: Option<String>,
}

problems! {
    /// What can go wrong with reading roles.
    pub(crate) enum ReadError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// What can go wrong with listing roles.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

/// The operations.
pub(crate) struct Read(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::http::tags::Tag::Roles")]
impl Read {
    /// List roles, by name.
    #[oai(path = "/", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RolePage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or_default();
        let rows = store::page(&self.0.pool, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |role| role.name.clone());
        Ok(Reply(RolePage { items, next }))
    }

    /// Read a role, with the rules that speak of it.
    #[oai(path = "/:name", method = "get", operation_id = "read_role")]
    async fn read(
        &self,
        _caller: AuthorizedAdmin,
        name: Path<String>,
    ) -> Result<Response<Reply<RoleWithRules>>, ReadError> {
        let name = RoleName::parse(&name.0).map_err(|_| ReadError::NotFound)?;
        let role = store::find(&self.0.pool, &name).await?;
        let role = role.ok_or(ReadError::NotFound)?;
        let rules =
            rules::page(&self.0.pool, Some(name.as_str()), rules::START, RULES_SHOWN).await?;
        let tag = etag(role.revision);
        Ok(Response::new(Reply(RoleWithRules { role, rules })).header("ETag", tag))
    }
}
