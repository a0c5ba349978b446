//! `/api/v1/roles`

use std::sync::Arc;

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::{Change, PolicyError, RoleName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AppState;
use super::policy_write::{PolicyWriteResult, role_name, role_names, written};
use crate::audit::AuditRecord;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, DATABASE_WRITE, constraint};
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{PRECONDITION, check, tagged};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD, PARAMETERS};
use crate::http::{Body, Created, Reply};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::policy_problem;
use crate::policy::roles as store;
use crate::policy::roles::StoredRole;
use crate::policy::rules;
use crate::policy::rules::StoredRule;
use crate::policy::write::{Begun, PolicyWrite};
use crate::policy::{
    BUILTIN_IMMUTABLE, INHERITANCE, ROLE_DELETION, ROLE_RESERVED, UserRoles, grants,
};
use crate::problems;

/// Maximum number of rules listed with a role.
const MAX_RULES: i64 = 1_000;
/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 1_000;

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

/// A new role.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// Name: 1–64 characters of a-z 0-9 _ . -
    name: String,
    /// Description for admins, up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly.
    inherits: Option<Vec<String>>,
}

/// Changes to a role; omitted fields stay as they are.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RoleChanges {
    /// Description for admins, up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly; replaces the current list.
    inherits: Option<Vec<String>>,
}

/// A deleted role in the audit trail.
#[derive(Serialize)]
struct DeletedRole<'a> {
    #[serde(flatten)]
    role: &'a StoredRole,
    /// Users who had the role.
    holders: &'a [Uuid],
}

problems! {
    /// Errors of listing roles.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

problems! {
    /// Errors of reading a role.
    pub(crate) enum GetError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// Errors of creating a role.
    pub(crate) enum CreateError includes
        [SIGNED_IN, AUTHORIZATION, BODY, INHERITANCE, ROLE_RESERVED, IDEMPOTENCY, DATABASE_WRITE]
    {
        Taken = 409 "role_exists" "A role with this name already exists.",
    }
}

problems! {
    /// Errors of updating a role.
    pub(crate) enum UpdateError includes
        [SIGNED_IN, AUTHORIZATION, BODY, BUILTIN_IMMUTABLE, INHERITANCE, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {
        NotFound = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// Errors of deleting a role.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_DELETION, PRECONDITION, IDEMPOTENCY, DATABASE_WRITE]
    {
        NotFound = 404 "role_not_found" "Role not found.",
    }
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
        let name = RoleName::parse(&name.0).map_err(|_| GetError::NotFound)?;
        let role = store::find(&self.0.pool, &name).await?.ok_or(GetError::NotFound)?;
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
        body: Body<NewRole>,
    ) -> Result<Response<Created<StoredRole>>, CreateError> {
        let name = role_name("name", &body.name)?;
        let description = description(body.description.as_deref())?.unwrap_or("");
        let mut inherits = role_names("inherits", body.inherits.as_deref().unwrap_or(&[]))?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return written(earlier, Created),
        };
        for role in &inherits {
            caller.authorize_role_grant(write.base(), role)?;
        }
        let (at, revision) = (write.at(), write.revision());
        store::refuse_reserved(write.db(), &name, at).await?;
        let inserted = store::insert(write.db(), &name, description, at, revision).await;
        inserted.map_err(|error| match constraint(&error) {
            Some("roles_pkey") => CreateError::Taken,
            _ => Problem::from(error).into(),
        })?;
        set_inherits(&mut write, &name, &mut inherits).await?;
        let role = StoredRole {
            name: name.to_string(),
            description: description.to_owned(),
            inherits: inherits.iter().map(ToString::to_string).collect(),
            builtin: false,
            revision,
        };
        write.change(Change::RoleSet { name: name.clone(), inherits });
        let record = AuditRecord::new(caller.actor(), "create_role", format!("role:{name}"));
        let revision = write.commit(record.after(&role)).await?;
        Ok(tagged(Created(role), revision))
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
        body: Body<RoleChanges>,
    ) -> Result<Response<Reply<StoredRole>>, UpdateError> {
        let name = RoleName::parse(&name.0).map_err(|_| UpdateError::NotFound)?;
        let description = description(body.description.as_deref())?;
        let inherits =
            body.inherits.as_deref().map(|names| role_names("inherits", names)).transpose()?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return written(earlier, Reply),
        };
        let mut role = store::find(write.db(), &name).await?.ok_or(UpdateError::NotFound)?;
        let record = AuditRecord::new(caller.actor(), "update_role", format!("role:{name}"));
        let record = record.before(&role);
        refuse_builtin(&name)?;
        check(if_match.0.as_deref(), role.revision)?;
        role.revision = write.revision();
        if let Some(description) = description {
            description.clone_into(&mut role.description);
        }
        if let Some(mut inherits) = inherits {
            for role in std::iter::once(&name).chain(&inherits) {
                caller.authorize_role_grant(write.base(), role)?;
            }
            set_inherits(&mut write, &name, &mut inherits).await?;
            role.inherits = inherits.iter().map(ToString::to_string).collect();
            write.change(Change::RoleSet { name: name.clone(), inherits });
        }
        store::update(&mut write, &name, description).await?;
        let revision = write.commit(record.after(&role)).await?;
        Ok(tagged(Reply(role), revision))
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
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let name = RoleName::parse(&name.0).map_err(|_| DeleteError::NotFound)?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return Ok(Reply(earlier.into())),
        };
        let role = store::find(write.db(), &name).await?.ok_or(DeleteError::NotFound)?;
        check(if_match.0.as_deref(), role.revision)?;
        caller.authorize_role_grant(write.base(), &name)?;
        refuse_builtin(&name)?;
        refuse_in_use(&write, &name)?;
        let reserved_until = write.reserved_until();
        let holders = store::delete(&mut write, &name, reserved_until).await?;
        let record = AuditRecord::new(caller.actor(), "delete_role", format!("role:{name}"))
            .before(DeletedRole { role: &role, holders: &holders });
        for user in holders {
            let roles = grants::of_user(write.db(), user).await?.roles;
            write.record_user_roles(UserRoles { user, roles });
        }
        write.change(Change::RoleRemoved { name });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }
}

fn description(text: Option<&str>) -> Result<Option<&str>, Problem> {
    if text.is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        let problem = Problem::new(FIELD).field("description");
        return Err(problem.detail("A description has at most 1,000 characters."));
    }
    Ok(text)
}

fn refuse_builtin(name: &RoleName) -> Result<(), Problem> {
    if name.is_builtin() {
        return Err(policy_problem(PolicyError::BuiltinRole(name.clone())));
    }
    Ok(())
}

/// Validates the deletion before the foreign keys do, as the policy names what refers to the role.
fn refuse_in_use(write: &PolicyWrite<'_>, name: &RoleName) -> Result<(), PolicyError> {
    let deleted = Change::RoleRemoved { name: name.clone() };
    write.base().next(write.revision(), &[deleted]).map(|_| ())
}

/// Replaces the roles that a role inherits, all of which must exist; sorts the list.
async fn set_inherits(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    inherits: &mut Vec<RoleName>,
) -> Result<(), Problem> {
    for (index, inherited) in inherits.iter().enumerate() {
        if inherited != name && !write.base().has_role(inherited) {
            let unknown = PolicyError::UnknownRole(inherited.clone());
            return Err(policy_problem(unknown).field(format!("inherits[{index}]")));
        }
    }
    inherits.sort();
    inherits.dedup();
    Ok(store::set_inherits(write.db(), name, inherits).await?)
}
