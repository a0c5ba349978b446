//! `/api/v1/users/{id}/roles`

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::api::policy_changes::grant;
use crate::api::policy_write::PolicyWriteResult;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::PATH_ID;
use crate::http::{Reply, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::write::Begun;
use crate::policy::{LAST_SUPERUSER, ROLE_GRANT, ROLE_LOOKUP};
use crate::problems;
use crate::user::{USER_LOOKUP, view};

/// Roles of a user.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct GrantedRoles {
    /// Names, sorted, without inherited roles.
    items: Vec<String>,
    /// Always `null`: there is one page.
    next: Option<String>,
}

problems! {
    /// Problems of granting a role.
    pub(crate) enum GrantError includes [
        SIGNED_IN, AUTHORIZATION, PATH_ID, USER_LOOKUP, ROLE_LOOKUP, ROLE_GRANT, IDEMPOTENCY, DATABASE_WRITE
    ] {}
}

problems! {
    /// Problems of revoking a role.
    pub(crate) enum RevokeError includes [
        SIGNED_IN, AUTHORIZATION, PATH_ID, USER_LOOKUP, ROLE_LOOKUP, ROLE_GRANT, LAST_SUPERUSER, IDEMPOTENCY, DATABASE_WRITE
    ] {}
}

/// `list_user_roles`, `grant_role`, `revoke_role`
pub(crate) struct UserRolesApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserRolesApi {
    /// List the roles granted to a user.
    #[oai(path = "/:id/roles", method = "get", operation_id = "list_user_roles")]
    async fn list(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
    ) -> Result<Reply<GrantedRoles>, ReadError> {
        let user = view::find(&self.0.pool, id.0).await?.ok_or(ReadError::NotFound)?;
        Ok(Reply(GrantedRoles { items: user.roles, next: None }))
    }

    /// Grant a role to a user.
    ///
    /// It applies at once, also to tokens issued before.
    #[oai(path = "/:id/roles/:role", method = "put", operation_id = "grant_role")]
    async fn grant(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Name of the role.
        role: Path<String>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
    ) -> Result<Reply<PolicyWriteResult>, GrantError> {
        let role = grant::grantable(&role.0)?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => return Ok(Reply(earlier.into())),
            };
        let committed = match grant::grant(&mut write, &caller, id.0, &role).await? {
            Some(record) => write.commit(record).await?,
            None => write.commit_nothing().await?,
        };
        Ok(Reply(committed.into()))
    }

    /// Revoke a role from a user.
    ///
    /// It applies at once, also to tokens issued before.
    #[oai(path = "/:id/roles/:role", method = "delete", operation_id = "revoke_role")]
    async fn revoke(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Name of the role.
        role: Path<String>,
        /// Whether to validate only: the answer is the one that the write would have, and nothing is changed.
        dry_run: Query<Option<bool>>,
    ) -> Result<Reply<PolicyWriteResult>, RevokeError> {
        let role = grant::grantable(&role.0)?;
        let mut write =
            match self.0.begin_policy_change(&caller, &key, dry_run.0.unwrap_or(false)).await? {
                Begun::Write(write) => write,
                Begun::Made(earlier) => return Ok(Reply(earlier.into())),
            };
        let committed = match grant::revoke(&mut write, &caller, id.0, &role).await? {
            Some(record) => write.commit(record).await?,
            None => write.commit_nothing().await?,
        };
        Ok(Reply(committed.into()))
    }
}
