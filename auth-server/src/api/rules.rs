//! `/api/v1/rules`

use std::sync::Arc;

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::csv::RuleRow;
use policies::{ActionPattern, Change, NameError, PolicyError, ResourcePattern, RoleName, Rule};
use serde::{Deserialize, Serialize};

use super::policy_write::PolicyWriteResult;
use crate::api::AppState;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{PRECONDITION, check, etag};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, PARAMETERS};
use crate::http::{Body, Created, Reply};
use crate::policy::rules as store;
use crate::policy::rules::{EffectName, StoredRule};
use crate::policy::write::PolicyWrite;
use crate::policy::{BUILTIN_IMMUTABLE, ROLE_GRANT, ROLE_NAME, RULE_WRITE};
use crate::problems;

/// A rule as it is written.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    /// 1 … 2147483647; rules are read smallest first.
    priority: u32,
    /// A role that is there.
    role: String,
    /// `*`, `type`, `type:id`, or a prefix of those with one trailing `*`.
    resource: String,
    /// An action, a prefix with one trailing `*`, or `*`.
    action: String,
    /// What it says.
    effect: EffectName,
}

/// A page of rules, in rule order.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RulePage {
    items: Vec<StoredRule>,
    /// Cursor of the next page.
    next: Option<String>,
}

problems! {
    /// What can go wrong with listing rules.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_NAME, DATABASE] {}
}

problems! {
    /// What can go wrong with reading a rule.
    pub(crate) enum ReadError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "rule_not_found" "There is no rule of this id.",
    }
}

problems! {
    /// What can go wrong with making a rule.
    pub(crate) enum CreateError includes [SIGNED_IN, AUTHORIZATION, BODY, RULE_WRITE, DATABASE] {}
}

problems! {
    /// What can go wrong with changing a rule.
    pub(crate) enum ChangeError includes
        [SIGNED_IN, AUTHORIZATION, BODY, BUILTIN_IMMUTABLE, RULE_WRITE, PRECONDITION, DATABASE]
    {
        NotFound = 404 "rule_not_found" "There is no rule of this id.",
    }
}

problems! {
    /// What can go wrong with deleting a rule.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_GRANT, PRECONDITION, DATABASE]
    {
        NotFound = 404 "rule_not_found" "There is no rule of this id.",
    }
}

impl RuleBody {
    fn parse(&self) -> Result<RuleRow, Problem> {
        let named = |field: &'static str| {
            move |error: NameError| Problem::from(PolicyError::from(error)).field(field)
        };
        Ok(RuleRow {
            priority: priority(self.priority)?,
            role: crate::api::roles::fields::role_name("role", &self.role)?,
            resource: ResourcePattern::parse(&self.resource).map_err(named("resource"))?,
            action: ActionPattern::parse(&self.action).map_err(named("action"))?,
            effect: self.effect.into(),
        })
    }
}

/// Only the built-in rule stands at 0.
fn priority(priority: u32) -> Result<u32, Problem> {
    if (1..=policies::LAST_PRIORITY).contains(&priority) {
        return Ok(priority);
    }
    Err(Problem::from(PolicyError::Priority(priority)).field("priority"))
}

fn refuse_unknown_role(write: &PolicyWrite, role: &RoleName) -> Result<(), Problem> {
    if write.base().has_role(role) {
        return Ok(());
    }
    Err(Problem::from(PolicyError::UnknownRole(role.clone())).field("role"))
}

/// The rule as decisions know it, unless it is the superuser's own.
fn changeable(write: &PolicyWrite, stored: &StoredRule) -> Result<Option<Rule>, Problem> {
    let known = write.base().rule(stored.id.cast_unsigned());
    if known.is_some_and(|known| known.is_builtin()) {
        let builtin = PolicyError::BuiltinImmutable("the superuser's rule".into());
        return Err(builtin.into());
    }
    Ok(known.map(|known| Rule::clone(known)))
}

/// The operations.
pub(crate) struct RulesApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/rules", tag = "crate::http::tags::Tag::Rules")]
impl RulesApi {
    /// List rules, in the order in which they are read.
    #[oai(path = "/", method = "get", operation_id = "list_rules")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// Only rules that speak of this role.
        role: Query<Option<String>>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RulePage>, ListError> {
        let query: PageQuery<store::Position> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let role =
            role.0.map(|role| crate::api::roles::fields::role_name("role", &role)).transpose()?;
        let role = role.as_ref().map(RoleName::as_str);
        let after = query.after.unwrap_or(store::START);
        let rows = store::page(&self.0.pool, role, after, query.rows()).await;
        let (items, next) = cut(rows?, query.limit, StoredRule::position);
        Ok(Reply(RulePage { items, next }))
    }

    /// Make a rule.
    #[oai(path = "/", method = "post", operation_id = "create_rule")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        body: Body<RuleBody>,
    ) -> Result<Response<Created<StoredRule>>, CreateError> {
        let row = body.parse()?;
        let mut write = self.0.begin_policy_write().await?;
        refuse_unknown_role(&write, &row.role)?;
        let (at, revision) = (write.at(), write.revision());
        let rule = store::insert(write.db(), &row, at, revision).await?;
        caller.authorize_rule_write(&rule)?;
        write.change(Change::RuleSet(rule.clone()));
        let stored = StoredRule::of(&rule, revision);
        let record = Record::new(caller.actor(), "create_rule", format!("rule:{}", rule.id));
        let revision = write.commit(record.after(&stored)).await?;
        Ok(Response::new(Created(stored)).header("ETag", etag(revision)))
    }

    /// Read a rule.
    #[oai(path = "/:id", method = "get", operation_id = "read_rule")]
    async fn read(
        &self,
        _caller: AuthorizedAdmin,
        id: Path<i32>,
    ) -> Result<Response<Reply<StoredRule>>, ReadError> {
        let rule = store::find(&self.0.pool, id.0).await?;
        let rule = rule.ok_or(ReadError::NotFound)?;
        let tag = etag(rule.revision);
        Ok(Response::new(Reply(rule)).header("ETag", tag))
    }

    /// Change a rule, whole.
    #[oai(path = "/:id", method = "put", operation_id = "change_rule")]
    async fn change(
        &self,
        caller: AuthorizedAdmin,
        id: Path<i32>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<RuleBody>,
    ) -> Result<Response<Reply<StoredRule>>, ChangeError> {
        let mut write = self.0.begin_policy_write().await?;
        let stored = store::find(write.db(), id.0).await?;
        let stored = stored.ok_or(ChangeError::NotFound)?;
        let old = changeable(&write, &stored)?.ok_or(ChangeError::NotFound)?;
        caller.authorize_rule_write(&old)?;
        let RuleRow { priority, role, resource, action, effect } = body.parse()?;
        let rule = Rule { id: old.id, priority, role, resource, action, effect };
        caller.authorize_rule_write(&rule)?;
        check(if_match.0.as_deref(), stored.revision)?;
        refuse_unknown_role(&write, &rule.role)?;
        let revision = write.revision();
        store::update(write.db(), &rule, revision).await?;
        write.change(Change::RuleSet(rule.clone()));
        let new = StoredRule::of(&rule, revision);
        let record = Record::new(caller.actor(), "change_rule", format!("rule:{}", rule.id));
        let revision = write.commit(record.before(&stored).after(&new)).await?;
        Ok(Response::new(Reply(new)).header("ETag", etag(revision)))
    }

    /// Delete a rule.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_rule")]
    async fn delete(
        &self,
        caller: AuthorizedAdmin,
        id: Path<i32>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let mut write = self.0.begin_policy_write().await?;
        let stored = store::find(write.db(), id.0).await?;
        let stored = stored.ok_or(DeleteError::NotFound)?;
        let old = changeable(&write, &stored)?.ok_or(DeleteError::NotFound)?;
        caller.authorize_rule_write(&old)?;
        check(if_match.0.as_deref(), stored.revision)?;
        store::delete(write.db(), id.0).await?;
        write.change(Change::RuleRemoved { id: old.id });
        let record = Record::new(caller.actor(), "delete_rule", format!("rule:{}", old.id));
        Ok(Reply(PolicyWriteResult { revision: write.commit(record.before(&stored)).await? }))
    }
}
