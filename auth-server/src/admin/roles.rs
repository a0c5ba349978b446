//! `/api/v1/roles`

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::{Change, RoleName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Admin;
use super::guard::{GUARD, Guarded};
use super::page::{PageQuery, cut};
use super::precondition::{PRECONDITION, check, etag};
use crate::audit::Record;
use crate::identity::SIGNED_IN;
use crate::input::{BODY, PARAMETERS};
use crate::policy::roles::{self as store, Role};
use crate::policy::rules::{self, StoredRule};
use crate::policy::{IMMUTABLE, INHERITANCE, ROLE_END, RolesOf, grants};
use crate::problem::Problem;
use crate::problems;
use crate::request::{Body, Created, Reply};
use crate::store::{DATABASE, constraint};

/// Rules shown with a role.
const RULES_SHOWN: i64 = 1_000;

/// A role to be made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// 1–64 of a-z 0-9 _ . -
    name: String,
    /// For people; up to 1,000 characters.
    description: Option<String>,
    /// Roles that it inherits directly.
    inherits: Option<Vec<String>>,
}

/// What is to change of a role; what is left out stays.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    /// For people; up to 1,000 characters.
    description: Option<String>,
    /// Roles that it inherits directly, from now on exactly these.
    inherits: Option<Vec<String>>,
}

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

/// A role as the audit trail keeps it.
#[derive(Serialize)]
struct DeletedRole<'a> {
    #[serde(flatten)]
    role: &'a Role,
    /// Whoever had it.
    holders: &'a [Uuid],
}

/// A page of roles, by name.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RolePage {
    items: Vec<Role>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// A write that is done.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(super) struct Written {
    /// Revision of the policy from this write on.
    pub(super) revision: i64,
}

problems! {
    /// What can go wrong with reading roles.
    pub(super) enum ReadError includes [SIGNED_IN, GUARD, PARAMETERS, DATABASE] {
        NotFound = 404 "role_not_found" "There is no role of this name.",
    }
}

problems! {
    /// What can go wrong with listing roles.
    pub(super) enum ListError includes [SIGNED_IN, GUARD, PARAMETERS, DATABASE] {}
}

problems! {
    /// What can go wrong with making a role.
    pub(super) enum CreateError includes [SIGNED_IN, GUARD, BODY, INHERITANCE, DATABASE] {
        Taken = 409 "role_exists" "There is a role of this name already.",
        Reserved = 409 "role_name_reserved" "A role of this name was deleted minutes ago.",
    }
}

problems! {
    /// What can go wrong with changing a role.
    pub(super) enum ChangeError includes
        [SIGNED_IN, GUARD, BODY, IMMUTABLE, INHERITANCE, PRECONDITION, DATABASE]
    {
        NotFound = 404 "role_not_found" "There is no role of this name.",
    }
}

problems! {
    /// What can go wrong with deleting a role.
    pub(super) enum DeleteError includes
        [SIGNED_IN, GUARD, PARAMETERS, ROLE_END, PRECONDITION, DATABASE]
    {
        NotFound = 404 "role_not_found" "There is no role of this name.",
    }
}

/// The operations.
pub struct RolesApi(pub Admin);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::tags::Tag::Roles")]
impl RolesApi {
    /// List roles, by name.
    #[oai(path = "/", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        _caller: Guarded,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RolePage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or_default();
        let rows = store::page(&self.0.pool, after, query.rows()).await.map_err(Problem::from)?;
        let (items, next) = cut(rows, query.limit, |role| role.name.clone());
        Ok(Reply(RolePage { items, next }))
    }

    /// Make a role.
    #[oai(path = "/", method = "post", operation_id = "create_role")]
    async fn create(
        &self,
        caller: Guarded,
        body: Body<NewRole>,
    ) -> Result<Response<Created<Role>>, CreateError> {
        let name = super::store::role_name("name", &body.name)?;
        let description = super::store::description(body.description.as_deref())?;
        let inherits = super::store::role_names("inherits", body.inherits.as_deref())?;
        let mut write = self.0.write().await?;
        for role in &inherits {
            caller.may_give(write.base(), role)?;
        }
        let (at, revision) = (write.at(), write.revision());
        let reserved = store::reserved_until(write.db(), &name, at).await.map_err(Problem::from)?;
        if let Some(until) = reserved {
            let problem = CreateError::Reserved.problem();
            return Err(problem.detail(format!("It is free again after {until}.")).into());
        }
        let inserted =
            store::insert(write.db(), &name, description.unwrap_or(""), at, revision).await;
        inserted.map_err(|error| match constraint(&error) {
            Some("roles_pkey") => CreateError::Taken,
            _ => Problem::from(error).into(),
        })?;
        super::store::set_inherits(&mut write, &name, &inherits).await?;
        write.change(Change::RoleSet { name: name.clone(), inherits: inherits.clone() });
        let role = super::store::fresh(&name, description, &inherits, revision);
        let record = Record::new(caller.actor(), "create_role", format!("role:{name}"));
        let revision = write.commit(record.after(&role)).await?;
        Ok(Response::new(Created(role)).header("ETag", etag(revision)))
    }

    /// Read a role, with the rules that speak of it.
    #[oai(path = "/:name", method = "get", operation_id = "read_role")]
    async fn read(
        &self,
        _caller: Guarded,
        name: Path<String>,
    ) -> Result<Response<Reply<RoleWithRules>>, ReadError> {
        let name = RoleName::parse(&name.0).map_err(|_| ReadError::NotFound)?;
        let role = store::find(&self.0.pool, &name).await.map_err(Problem::from)?;
        let role = role.ok_or(ReadError::NotFound)?;
        let rules = rules::page(&self.0.pool, Some(name.as_str()), rules::BEGIN, RULES_SHOWN)
            .await
            .map_err(Problem::from)?;
        let tag = etag(role.revision);
        Ok(Response::new(Reply(RoleWithRules { role, rules })).header("ETag", tag))
    }

    /// Change a role's description or what it inherits.
    #[oai(path = "/:name", method = "patch", operation_id = "change_role")]
    async fn change(
        &self,
        caller: Guarded,
        name: Path<String>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<RoleChange>,
    ) -> Result<Response<Reply<Role>>, ChangeError> {
        let name = RoleName::parse(&name.0).map_err(|_| ChangeError::NotFound)?;
        let description = super::store::description(body.description.as_deref())?;
        let mut write = self.0.write().await?;
        let old = store::find(write.db(), &name).await.map_err(Problem::from)?;
        let mut role = old.ok_or(ChangeError::NotFound)?;
        let record = Record::new(caller.actor(), "change_role", format!("role:{name}"));
        let record = record.before(&role);
        super::store::refuse_builtin_role(&name)?;
        check(if_match.0.as_deref(), role.revision)?;
        role.revision = write.revision();
        if let Some(description) = description {
            description.clone_into(&mut role.description);
        }
        if let Some(inherits) = body.inherits.as_deref() {
            let mut inherits = super::store::role_names("inherits", Some(inherits))?;
            inherits.sort();
            inherits.dedup();
            caller.may_give(write.base(), &name)?;
            for inherited in &inherits {
                caller.may_give(write.base(), inherited)?;
            }
            role.inherits = inherits.iter().map(ToString::to_string).collect();
            super::store::set_inherits(&mut write, &name, &inherits).await?;
            write.change(Change::RoleSet { name: name.clone(), inherits });
        }
        let updated = store::update(write.db(), &name, description, role.revision).await;
        updated.map_err(Problem::from)?;
        let revision = write.commit(record.after(&role)).await?;
        Ok(Response::new(Reply(role)).header("ETag", etag(revision)))
    }

    /// Delete a role that no rule and no other role names. Whoever has it loses it.
    #[oai(path = "/:name", method = "delete", operation_id = "delete_role")]
    async fn delete(
        &self,
        caller: Guarded,
        name: Path<String>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Reply<Written>, DeleteError> {
        let name = RoleName::parse(&name.0).map_err(|_| DeleteError::NotFound)?;
        let mut write = self.0.write().await?;
        let role = store::find(write.db(), &name).await.map_err(Problem::from)?;
        let role = role.ok_or(DeleteError::NotFound)?;
        check(if_match.0.as_deref(), role.revision)?;
        caller.may_give(write.base(), &name)?;
        super::store::refuse_in_use(write.base(), &name)?;
        // A token that carries the name may live until then.
        let free_after = write.at() + self.0.policy.token_memory();
        let holders = store::delete(write.db(), &name, free_after).await.map_err(Problem::from)?;
        let record = Record::new(caller.actor(), "delete_role", format!("role:{name}"))
            .before(DeletedRole { role: &role, holders: &holders });
        for user in holders {
            let (roles, _) = grants::of_user(write.db(), user).await.map_err(Problem::from)?;
            write.roles_of(RolesOf { user, roles });
        }
        write.change(Change::RoleRemoved { name });
        Ok(Reply(Written { revision: write.commit(record).await? }))
    }
}
