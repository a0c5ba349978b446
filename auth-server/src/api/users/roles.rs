//! `/api/v1/users` and `/api/v1/users/{id}/roles`

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use policies::{PolicyError, RoleName};
use serde::Serialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::policy_write::PolicyWriteResult;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::Problem;
use crate::http::request_errors::PARAMETERS;
use crate::policy::permissions::{Permissions, permissions};
use crate::policy::write::PolicyWrite;
use crate::policy::{LAST_SUPERUSER, ROLE_GRANT, UserRoles, grants};
use crate::problems;
use crate::user::Login;
use crate::user::view;
use crate::user::view::Person;

/// A page of people, by login.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct PersonPage {
    items: Vec<Person>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Roles of one person.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct GrantedRoles {
    /// Names, sorted, without what those inherit.
    items: Vec<String>,
    /// Always `null`: all of them fit.
    next: Option<String>,
}

problems! {
    /// What can go wrong with finding people.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

problems! {
    /// What can go wrong with reading a person's roles.
    pub(crate) enum ReadError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "user_not_found" "There is no user of this id.",
    }
}

problems! {
    /// What can go wrong with giving a role.
    pub(crate) enum GiveError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_GRANT, DATABASE] {
        NoUser = 404 "user_not_found" "There is no user of this id.",
        NoRole = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// What can go wrong with taking a role.
    pub(crate) enum TakeError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_GRANT, LAST_SUPERUSER, DATABASE, GiveError::SPECS]
    {}
}

/// A write that grants or revokes a role, once the caller is authorized to make it.
struct RoleWrite<'a> {
    write: PolicyWrite<'a>,
    role: RoleName,
}

/// The operations.
pub(crate) struct UsersApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UsersApi {
    /// Find people by the begin of their login.
    #[oai(path = "/", method = "get", operation_id = "find_users")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// The begin of a login, in any case; left out: everybody.
        login: Query<Option<String>>,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<PersonPage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let prefix = Login::key_of(login.0.as_deref().unwrap_or_default());
        if prefix.contains('\0') {
            return Err(Problem::new(crate::http::request_errors::FIELD).field("login").into());
        }
        let after = query.after.as_deref().unwrap_or_default();
        let rows = view::page(&self.0.pool, &prefix, after, query.rows()).await;
        let by_login = |person: &Person| Login::key_of(&person.login);
        let (items, next) = cut(rows?, query.limit, by_login);
        Ok(Reply(PersonPage { items, next }))
    }

    /// Roles of a person.
    #[oai(path = "/:id/roles", method = "get", operation_id = "list_roles_of_user")]
    async fn roles(
        &self,
        _caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<Reply<GrantedRoles>, ReadError> {
        let roles = self.roles_of(id.0).await?;
        let items = roles.iter().map(ToString::to_string).collect();
        Ok(Reply(GrantedRoles { items, next: None }))
    }

    /// What a person's roles come to.
    #[oai(path = "/:id/permissions", method = "get", operation_id = "read_permissions_of_user")]
    async fn permissions(
        &self,
        _caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<Reply<Permissions>, ReadError> {
        let roles = self.roles_of(id.0).await?;
        Ok(Reply(permissions(&self.0.policy.snapshot(), &roles)))
    }

    /// Give a person a role. It counts at once, also for tokens made before.
    #[oai(path = "/:id/roles/:role", method = "put", operation_id = "grant_role")]
    async fn give(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, GiveError> {
        let RoleWrite { mut write, role } = self.begin(&caller, id.0, &role.0).await?;
        let at = write.at();
        if !grants::grant(write.db(), id.0, &role, Some(caller.user), at).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.base().revision() }));
        }
        let roles = grants::of_user(write.db(), id.0).await?.roles;
        let record = Record::grant_role(caller.actor(), id.0, &role, &roles);
        write.record_user_roles(UserRoles { user: id.0, roles });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }

    /// Take a role from a person. It counts at once, also for tokens made before.
    #[oai(path = "/:id/roles/:role", method = "delete", operation_id = "revoke_role")]
    async fn take(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, TakeError> {
        let RoleWrite { mut write, role } = self.begin(&caller, id.0, &role.0).await?;
        if !grants::revoke(write.db(), id.0, &role).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.base().revision() }));
        }
        if role == RoleName::superuser() {
            grants::refuse_last_superuser(write.db()).await?;
        }
        let roles = grants::of_user(write.db(), id.0).await?.roles;
        let record = Record::revoke_role(caller.actor(), id.0, &role, &roles);
        write.record_user_roles(UserRoles { user: id.0, roles });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }
}

impl UsersApi {
    async fn roles_of(&self, id: Uuid) -> Result<Vec<RoleName>, ReadError> {
        let mut db = self.0.pool.acquire().await?;
        if !view::exists(&mut *db, id).await? {
            return Err(ReadError::NotFound);
        }
        Ok(grants::of_user(&mut db, id).await?.roles)
    }

    /// What giving and taking both check first.
    async fn begin(
        &self,
        caller: &AuthorizedAdmin,
        id: Uuid,
        role: &str,
    ) -> Result<RoleWrite<'_>, Problem> {
        let role = RoleName::parse(role).map_err(|_| GiveError::NoRole)?;
        if role == RoleName::anonymous() {
            let builtin = PolicyError::BuiltinImmutable("anonymous, which everyone has,".into());
            return Err(builtin.into());
        }
        let mut write = self.0.begin_policy_write().await?;
        if !write.base().has_role(&role) {
            return Err(GiveError::NoRole.into());
        }
        caller.authorize_role_grant(write.base(), &role)?;
        if !view::exists(write.db(), id).await? {
            return Err(GiveError::NoUser.into());
        }
        Ok(RoleWrite { write, role })
    }
}
