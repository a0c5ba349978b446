//! `/api/v1/roles`

use std::sync::Arc;

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::AppState;
use super::policy_changes::role::{self, NewRole, RoleChanges};
use super::policy_write::{PolicyWriteResult, written};
use crate::audit::Written;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{PRECONDITION, tagged};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, PARAMETERS};
use crate::http::{Body, Created, Reply};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::roles as store;
use crate::policy::roles::StoredRole;
use crate::policy::rules;
use crate::policy::rules::StoredRule;
use crate::policy::warning::PolicyWarning;
use crate::policy::write::{Begun, Committed};
use crate::policy::{
    BUILTIN_IMMUTABLE, INHERITANCE, ROLE_CREATION, ROLE_DELETION, ROLE_LOOKUP, ROLE_NOT_FOUND,
};
use crate::problems;

/// Maximum number of rules listed with a role.
const MAX_RULES: i64 = 1_000;

/// A role with its rules.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RoleWithRules {
    #[oai(flatten)]
    #[serde(flatten)]
    role: StoredRole,
    /// The first 1,000 rules that name this role, in evaluation order.
    rules: Vec<StoredRule>,
}

/// A page of roles, ordered by name.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RolePage {
    items: Vec<StoredRole>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

problems! {
    /// Errors of listing roles.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

/// A role that was written.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RoleWriteResult {
    #[oai(flatten)]
    #[serde(flatten)]
    role: StoredRole,
    /// What this write probably makes a mistake.
    warnings: Vec<PolicyWarning>,
}

problems! {
    /// Errors of reading a role.
    pub(crate) enum GetError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_LOOKUP, DATABASE] {}
}

problems! {
    /// Errors of creating a role.
    pub(crate) enum CreateError includes
        [SIGNED_IN, AUTHORIZATION, BODY, ROLE_CREATION, INHERITANCE, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

problems! {
    /// Errors of updating a role.
    pub(crate) enum UpdateError includes
        [SIGNED_IN, AUTHORIZATION, BODY, ROLE_LOOKUP, BUILTIN_IMMUTABLE, INHERITANCE, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

problems! {
    /// Errors of deleting a role.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_LOOKUP, ROLE_DELETION, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

/// The operations.
pub(crate) struct RolesApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::http::tags::Tag::Roles")]
impl RolesApi {
    /// List roles, ordered by name.
    #[oai(path = "/", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RolePage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or("");
        let rows = store::page(&self.0.pool, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |role| role.name.clone());
        Ok(Reply(RolePage { items, next }))
    }

    /// Get a role and its rules.
    #[oai(path = "/:name", method = "get", operation_id = "get_role")]
    async fn get(
        &self,
        _caller: AuthorizedAdmin,
        /// Name of the role.
        name: Path<String>,
    ) -> Result<Response<Reply<RoleWithRules>>, GetError> {
        let name = role::existing(&name.0)?;
        let role =
            store::find(&self.0.pool, &name).await?.ok_or_else(|| Problem::new(ROLE_NOT_FOUND))?;
        let rules = rules::page(&self.0.pool, Some(name.as_str()), rules::START, MAX_RULES).await?;
        let revision = role.revision;
        Ok(tagged(Reply(RoleWithRules { role, rules }), revision))
    }

    /// Create a role.
    #[oai(path = "/", method = "post", operation_id = "create_role")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
        body: Body<NewRole>,
    ) -> Result<Response<Created<RoleWriteResult>>, CreateError> {
        let (name, settings) = body.0.parse()?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => {
                    return written(earlier, |role, warnings| {
                        Created(RoleWriteResult { role, warnings })
                    });
                }
            };
        let Written { state: role, record } =
            role::create(&mut write, &caller, name, settings).await?;
        let Committed { revision, warnings } = write.commit(record).await?;
        Ok(tagged(Created(RoleWriteResult { role, warnings }), revision))
    }

    /// Update the description of a role, or what it inherits.
    #[oai(path = "/:name", method = "patch", operation_id = "update_role")]
    async fn update(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Name of the role.
        name: Path<String>,
        /// ETag of the role as last read; the update fails if the role has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
        body: Body<RoleChanges>,
    ) -> Result<Response<Reply<RoleWriteResult>>, UpdateError> {
        let name = role::existing(&name.0)?;
        let settings = body.0.parse()?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => {
                    return written(earlier, |role, warnings| {
                        Reply(RoleWriteResult { role, warnings })
                    });
                }
            };
        let if_match = if_match.0.as_deref();
        let Written { state: role, record } =
            role::update(&mut write, &caller, name, if_match, settings).await?;
        let Committed { revision, warnings } = write.commit(record).await?;
        Ok(tagged(Reply(RoleWriteResult { role, warnings }), revision))
    }

    /// Delete a role and revoke it from all users.
    ///
    /// Fails if rules or other roles refer to it. Its name is reserved while access tokens may
    /// still carry it.
    #[oai(path = "/:name", method = "delete", operation_id = "delete_role")]
    async fn delete(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Name of the role.
        name: Path<String>,
        /// ETag of the role as last read; the deletion fails if the role has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let name = role::existing(&name.0)?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => return Ok(Reply(earlier.into())),
            };
        let record = role::delete(&mut write, &caller, name, if_match.0.as_deref()).await?;
        Ok(Reply(write.commit(record).await?.into()))
    }
}
