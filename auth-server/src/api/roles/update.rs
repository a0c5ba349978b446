//! `PATCH /api/v1/roles/{name}`

use std::sync::Arc;

use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::{Change as PolicyChange, RoleName};
use serde::Deserialize;

use super::fields as steps;
use crate::api::AppState;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::precondition::{PRECONDITION, check, etag};
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::policy::roles as store;
use crate::policy::roles::Role;
use crate::policy::{BUILTIN_IMMUTABLE, INHERITANCE};
use crate::problems;

/// What is to change of a role; what is left out stays.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    /// For people; up to 1,000 characters.
    description: Option<String>,
    /// Roles that it inherits directly, from now on exactly these.
    inherits: Option<Vec<String>>,
}

problems! {
    /// What can go wrong with changing a role.
    pub(crate) enum ChangeError includes
        [SIGNED_IN, AUTHORIZATION, BODY, BUILTIN_IMMUTABLE, INHERITANCE, PRECONDITION, DATABASE]
    {
        NotFound = 404 "role_not_found" "Role not found.",
    }
}

/// The operation.
pub(crate) struct Change(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::http::tags::Tag::Roles")]
impl Change {
    /// Change a role's description or what it inherits.
    #[oai(path = "/:name", method = "patch", operation_id = "change_role")]
    async fn change(
        &self,
        caller: AuthorizedAdmin,
        name: Path<String>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<RoleChange>,
    ) -> Result<Response<Reply<Role>>, ChangeError> {
        let name = RoleName::parse(&name.0).map_err(|_| ChangeError::NotFound)?;
        let description = steps::description(body.description.as_deref())?;
        let mut write = self.0.begin_policy_write().await?;
        let old = store::find(write.db(), &name).await?;
        let mut role = old.ok_or(ChangeError::NotFound)?;
        let record = Record::new(caller.actor(), "change_role", format!("role:{name}"));
        let record = record.before(&role);
        steps::refuse_builtin_role(&name)?;
        check(if_match.0.as_deref(), role.revision)?;
        role.revision = write.revision();
        if let Some(description) = description {
            description.clone_into(&mut role.description);
        }
        if let Some(inherits) = body.inherits.as_deref() {
            let mut inherits = steps::role_names("inherits", Some(inherits))?;
            inherits.sort();
            inherits.dedup();
            caller.authorize_role_grant(write.base(), &name)?;
            for inherited in &inherits {
                caller.authorize_role_grant(write.base(), inherited)?;
            }
            role.inherits = inherits.iter().map(ToString::to_string).collect();
            steps::set_inherits(&mut write, &name, &inherits).await?;
            write.change(PolicyChange::RoleSet { name: name.clone(), inherits });
        }
        store::update(write.db(), &name, description, role.revision).await?;
        let revision = write.commit(record.after(&role)).await?;
        Ok(Response::new(Reply(role)).header("ETag", etag(revision)))
    }
}
