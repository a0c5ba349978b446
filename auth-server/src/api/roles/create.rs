//! `POST /api/v1/roles`

use std::sync::Arc;

use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::Change;
use serde::Deserialize;

use super::fields as steps;
use crate::api::AppState;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, constraint};
use crate::http::precondition::etag;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, Created};
use crate::policy::INHERITANCE;
use crate::policy::roles as store;
use crate::policy::roles::Role;
use crate::problems;

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

problems! {
    /// What can go wrong with making a role.
    pub(crate) enum CreateError includes [SIGNED_IN, AUTHORIZATION, BODY, INHERITANCE, DATABASE] {
        Taken = 409 "role_exists" "There is a role of this name already.",
        Reserved = 409 "role_name_reserved" "A role of this name was deleted minutes ago.",
    }
}

/// The operation.
pub(crate) struct Create(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::http::tags::Tag::Roles")]
impl Create {
    /// Make a role.
    #[oai(path = "/", method = "post", operation_id = "create_role")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        body: Body<NewRole>,
    ) -> Result<Response<Created<Role>>, CreateError> {
        let name = steps::role_name("name", &body.name)?;
        let description = steps::description(body.description.as_deref())?;
        let inherits = steps::role_names("inherits", body.inherits.as_deref())?;
        let mut write = self.0.begin_policy_write().await?;
        for role in &inherits {
            caller.authorize_role_grant(write.base(), role)?;
        }
        let (at, revision) = (write.at(), write.revision());
        let reserved = store::reserved_until(write.db(), &name, at).await?;
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
        steps::set_inherits(&mut write, &name, &inherits).await?;
        write.change(Change::RoleSet { name: name.clone(), inherits: inherits.clone() });
        let role = steps::fresh(&name, description, &inherits, revision);
        let record = Record::new(caller.actor(), "create_role", format!("role:{name}"));
        let revision = write.commit(record.after(&role)).await?;
        Ok(Response::new(Created(role)).header("ETag", etag(revision)))
    }
}
