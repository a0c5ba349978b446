//! `/api/v1/rules`

use std::sync::Arc;

use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::csv::RuleRow;
use policies::{ActionPattern, Change, NameError, PolicyError, ResourcePattern, RoleName, Rule};
use serde::{Deserialize, Serialize};

use super::AppState;
use super::policy_write::{PolicyWriteResult, role_name, written};
use crate::audit::AuditRecord;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{PRECONDITION, check, tagged};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, PARAMETERS, PATH_ID};
use crate::http::{Body, Created, Reply, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::policy_problem;
use crate::policy::rules as store;
use crate::policy::rules::{EffectName, StoredRule};
use crate::policy::write::{Begun, PolicyWrite};
use crate::policy::{BUILTIN_IMMUTABLE, ROLE_GRANT, ROLE_NAME, RULE_WRITE};
use crate::problems;

/// A rule to be written.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    /// Priority, 1–2147483647; rules are evaluated in ascending order.
    priority: u32,
    /// Name of an existing role.
    role: String,
    /// `*`, `type`, `type:id`, or a prefix of those followed by one `*`.
    resource: String,
    /// An action, a prefix followed by one `*`, or `*`.
    action: String,
    /// Effect of the rule.
    effect: EffectName,
}

/// A page of rules, in evaluation order.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RulePage {
    items: Vec<StoredRule>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

problems! {
    /// Errors of listing rules.
    pub(crate) enum ListError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_NAME, DATABASE]
    {}
}

problems! {
    /// Errors of reading a rule.
    pub(crate) enum GetError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, DATABASE] {
        NotFound = 404 "rule_not_found" "Rule not found.",
    }
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
        [SIGNED_IN, AUTHORIZATION, PATH_ID, BODY, BUILTIN_IMMUTABLE, RULE_WRITE, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {
        NotFound = 404 "rule_not_found" "Rule not found.",
    }
}

problems! {
    /// Errors of deleting a rule.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, ROLE_GRANT, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {
        NotFound = 404 "rule_not_found" "Rule not found.",
    }
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
        body: Body<RuleBody>,
    ) -> Result<Response<Created<StoredRule>>, CreateError> {
        let row = body.parse()?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return written(earlier, Created),
        };
        refuse_unknown_role(&write, &row.role)?;
        let (at, revision) = (write.at(), write.revision());
        let rule = store::insert(write.db(), &row, at, revision).await?;
        caller.authorize_rule_write(&rule)?;
        write.change(Change::RuleSet(rule.clone()));
        let stored = StoredRule::of(&rule, revision);
        let record = AuditRecord::new(caller.actor(), "create_rule", format!("rule:{}", rule.id));
        let revision = write.commit(record.after(&stored)).await?;
        Ok(tagged(Created(stored), revision))
    }

    /// Get a rule.
    #[oai(path = "/:id", method = "get", operation_id = "get_rule")]
    async fn get(
        &self,
        /// Id of the rule.
        id: canonical::Path<i32>,
        _caller: AuthorizedAdmin,
    ) -> Result<Response<Reply<StoredRule>>, GetError> {
        let rule = store::find(&self.0.pool, id.0).await?.ok_or(GetError::NotFound)?;
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
        body: Body<RuleBody>,
    ) -> Result<Response<Reply<StoredRule>>, UpdateError> {
        let RuleRow { priority, role, resource, action, effect } = body.parse()?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return written(earlier, Reply),
        };
        let stored = store::find(write.db(), id.0).await?.ok_or(UpdateError::NotFound)?;
        let old = changeable(&write, &stored)?.ok_or(UpdateError::NotFound)?;
        caller.authorize_rule_write(&old)?;
        let rule = Rule { id: old.id, priority, role, resource, action, effect };
        caller.authorize_rule_write(&rule)?;
        check(if_match.0.as_deref(), stored.revision)?;
        refuse_unknown_role(&write, &rule.role)?;
        let revision = write.revision();
        store::update(write.db(), &rule, revision).await?;
        write.change(Change::RuleSet(rule.clone()));
        let new = StoredRule::of(&rule, revision);
        let record = AuditRecord::new(caller.actor(), "update_rule", format!("rule:{}", rule.id));
        let revision = write.commit(record.before(&stored).after(&new)).await?;
        Ok(tagged(Reply(new), revision))
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
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return Ok(Reply(earlier.into())),
        };
        let stored = store::find(write.db(), id.0).await?.ok_or(DeleteError::NotFound)?;
        let old = changeable(&write, &stored)?.ok_or(DeleteError::NotFound)?;
        caller.authorize_rule_write(&old)?;
        check(if_match.0.as_deref(), stored.revision)?;
        store::delete(write.db(), id.0).await?;
        write.change(Change::RuleRemoved { id: old.id });
        let record = AuditRecord::new(caller.actor(), "delete_rule", format!("rule:{}", old.id));
        let revision = write.commit(record.before(&stored)).await?;
        Ok(Reply(PolicyWriteResult { revision }))
    }
}

impl RuleBody {
    fn parse(&self) -> Result<RuleRow, Problem> {
        let invalid =
            |field: &'static str| move |error: NameError| policy_problem(error.into()).field(field);
        Ok(RuleRow {
            priority: priority(self.priority)?,
            role: role_name("role", &self.role)?,
            resource: ResourcePattern::parse(&self.resource).map_err(invalid("resource"))?,
            action: ActionPattern::parse(&self.action).map_err(invalid("action"))?,
            effect: self.effect.into(),
        })
    }
}

/// Priority 0 is reserved for the built-in rule.
fn priority(priority: u32) -> Result<u32, Problem> {
    if (1..=policies::MAX_PRIORITY).contains(&priority) {
        return Ok(priority);
    }
    Err(policy_problem(PolicyError::InvalidPriority(priority)).field("priority"))
}

fn refuse_unknown_role(write: &PolicyWrite<'_>, role: &RoleName) -> Result<(), Problem> {
    if write.base().has_role(role) {
        return Ok(());
    }
    Err(policy_problem(PolicyError::UnknownRole(role.clone())).field("role"))
}

/// The rule as evaluated. An error if it is the built-in rule.
fn changeable(write: &PolicyWrite<'_>, stored: &StoredRule) -> Result<Option<Rule>, PolicyError> {
    let rule = write.base().rule(stored.id.cast_unsigned());
    if rule.is_some_and(|rule| rule.is_builtin()) {
        return Err(PolicyError::BuiltinRule);
    }
    Ok(rule.map(|rule| Rule::clone(rule)))
}
