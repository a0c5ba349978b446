//! `/api/v1/rules`

use std::sync::Arc;

use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::RoleName;
use serde::Serialize;

use super::AppState;
use super::policy_changes::rule::{self, RuleBody};
use super::policy_write::{PolicyWriteResult, role_name, written};
use crate::audit::Written;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{PRECONDITION, tagged};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, PARAMETERS, PATH_ID};
use crate::http::{Body, Created, Reply, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::rules as store;
use crate::policy::rules::StoredRule;
use crate::policy::warning::PolicyWarning;
use crate::policy::write::{Begun, Committed};
use crate::policy::{
    BUILTIN_IMMUTABLE, ROLE_GRANT, ROLE_NAME, RULE_LOOKUP, RULE_NOT_FOUND, RULE_WRITE,
};
use crate::problems;

/// A page of rules, in evaluation order.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RulePage {
    items: Vec<StoredRule>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

/// A rule that was written.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RuleWriteResult {
    #[oai(flatten)]
    #[serde(flatten)]
    rule: StoredRule,
    /// What this write probably makes a mistake.
    warnings: Vec<PolicyWarning>,
}

problems! {
    /// Errors of listing rules.
    pub(crate) enum ListError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_NAME, DATABASE]
    {}
}

problems! {
    /// Errors of reading a rule.
    pub(crate) enum GetError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, RULE_LOOKUP, DATABASE] {}
}

problems! {
    /// Errors of creating a rule.
    pub(crate) enum CreateError includes
        [SIGNED_IN, AUTHORIZATION, BODY, RULE_WRITE, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

problems! {
    /// Errors of updating a rule.
    pub(crate) enum UpdateError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, BODY, RULE_LOOKUP, BUILTIN_IMMUTABLE, RULE_WRITE, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

problems! {
    /// Errors of deleting a rule.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, RULE_LOOKUP, ROLE_GRANT, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {}
}

/// The operations.
pub(crate) struct RulesApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/rules", tag = "crate::http::tags::Tag::Rules")]
impl RulesApi {
    /// List rules, in evaluation order.
    #[oai(path = "/", method = "get", operation_id = "list_rules")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// Name of a role; lists only its rules.
        role: Query<Option<String>>,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RulePage>, ListError> {
        let query: PageQuery<store::Position> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let role = role.0.map(|role| role_name("role", &role)).transpose()?;
        let role = role.as_ref().map(RoleName::as_str);
        let after = query.after.unwrap_or(store::START);
        let rows = store::page(&self.0.pool, role, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, StoredRule::position);
        Ok(Reply(RulePage { items, next }))
    }

    /// Create a rule.
    #[oai(path = "/", method = "post", operation_id = "create_rule")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
        body: Body<RuleBody>,
    ) -> Result<Response<Created<RuleWriteResult>>, CreateError> {
        let row = body.parse()?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => {
                    return written(earlier, |rule, warnings| {
                        Created(RuleWriteResult { rule, warnings })
                    });
                }
            };
        let Written { state: rule, record } = rule::create(&mut write, &caller, row).await?;
        let Committed { revision, warnings } = write.commit(record).await?;
        Ok(tagged(Created(RuleWriteResult { rule, warnings }), revision))
    }

    /// Get a rule.
    #[oai(path = "/:id", method = "get", operation_id = "get_rule")]
    async fn get(
        &self,
        /// Id of the rule.
        id: canonical::Path<i32>,
        _caller: AuthorizedAdmin,
    ) -> Result<Response<Reply<StoredRule>>, GetError> {
        let rule =
            store::find(&self.0.pool, id.0).await?.ok_or_else(|| Problem::new(RULE_NOT_FOUND))?;
        let revision = rule.revision;
        Ok(tagged(Reply(rule), revision))
    }

    /// Replace a rule.
    #[oai(path = "/:id", method = "put", operation_id = "update_rule")]
    async fn update(
        &self,
        /// Id of the rule.
        id: canonical::Path<i32>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// ETag of the rule as last read; the update fails if the rule has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
        body: Body<RuleBody>,
    ) -> Result<Response<Reply<RuleWriteResult>>, UpdateError> {
        let row = body.parse()?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => {
                    return written(earlier, |rule, warnings| {
                        Reply(RuleWriteResult { rule, warnings })
                    });
                }
            };
        let if_match = if_match.0.as_deref();
        let Written { state: rule, record } =
            rule::update(&mut write, &caller, id.0, if_match, row).await?;
        let Committed { revision, warnings } = write.commit(record).await?;
        Ok(tagged(Reply(RuleWriteResult { rule, warnings }), revision))
    }

    /// Delete a rule.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_rule")]
    async fn delete(
        &self,
        /// Id of the rule.
        id: canonical::Path<i32>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// ETag of the rule as last read; the deletion fails if the rule has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => return Ok(Reply(earlier.into())),
            };
        let record = rule::delete(&mut write, &caller, id.0, if_match.0.as_deref()).await?;
        Ok(Reply(write.commit(record).await?.into()))
    }
}
