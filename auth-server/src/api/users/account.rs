//! `GET /api/v1/users/{id}`, `POST …/disable`, `POST …/enable`, `DELETE …/sessions`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use uuid::Uuid;

use crate::api::AppState;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::PARAMETERS;
use crate::http::{NoContent, Reply};
use crate::policy::write::PolicyWrite;
use crate::policy::{LAST_SUPERUSER, SUPERUSER_ONLY};
use crate::problems;
use crate::user::view;
use crate::user::view::Person;
use crate::user::{disable, reset};

problems! {
    /// What can go wrong with reading an account.
    pub(crate) enum ReadError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "user_not_found" "There is no user of this id.",
    }
}

problems! {
    /// What can go wrong with enabling an account, and with ending its sessions.
    pub(crate) enum WriteError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, SUPERUSER_ONLY, DATABASE]
    {
        NotFound = 404 "user_not_found" "There is no user of this id.",
    }
}

problems! {
    /// What can go wrong with disabling an account.
    pub(crate) enum DisableError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, SUPERUSER_ONLY, LAST_SUPERUSER, WriteError::SPECS, DATABASE]
    {}
}

/// The operations.
pub(crate) struct AccountsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl AccountsApi {
    /// Read a person's account.
    #[oai(path = "/:id", method = "get", operation_id = "read_user")]
    async fn read(
        &self,
        _caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<Reply<Person>, ReadError> {
        let person = view::find(&self.0.pool, id.0).await?;
        person.map(Reply).ok_or(ReadError::NotFound)
    }

    /// Disable an account: nobody can sign in to it, and its tokens are refused from the next
    /// request on. Where it is disabled already, nothing happens.
    #[oai(path = "/:id/disable", method = "post", operation_id = "disable_user")]
    async fn disable(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<NoContent, DisableError> {
        let (write, person) = self.begin(&caller, id.0).await?;
        let period = self.0.sessions.revocation_period();
        let revoked = disable::disable(write, &person, caller.actor(), period).await?;
        self.0.authenticator.revoke(revoked.as_slice());
        Ok(NoContent)
    }

    /// Enable an account again. Its sessions from before stay ended.
    #[oai(path = "/:id/enable", method = "post", operation_id = "enable_user")]
    async fn enable(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<NoContent, WriteError> {
        let (write, person) = self.begin(&caller, id.0).await?;
        disable::enable(write, &person, caller.actor()).await?;
        Ok(NoContent)
    }

    /// End all sessions of a person. Their tokens are refused from the next request on.
    #[oai(path = "/:id/sessions", method = "delete", operation_id = "end_sessions_of_user")]
    async fn end_sessions(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<NoContent, WriteError> {
        let (mut write, person) = self.begin(&caller, id.0).await?;
        let AppState { sessions, authenticator, .. } = &*self.0;
        let revoked = sessions.end_all(write.db(), person.id, "ended_by_admin").await?;
        let target = format!("user:{}", person.id);
        write
            .commit_without_revision(Record::new(caller.actor(), "end_sessions_of_user", target))
            .await?;
        authenticator.revoke(revoked.as_slice());
        Ok(NoContent)
    }

    /// Take a person's second factor away, for whom app and recovery codes are gone. All of the
    /// person's sessions end. Where there is no second factor, nothing happens.
    #[oai(
        path = "/:id/second-factor",
        method = "delete",
        operation_id = "reset_second_factor_of_user"
    )]
    async fn reset_second_factor(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<NoContent, WriteError> {
        let (write, person) = self.begin(&caller, id.0).await?;
        let period = self.0.sessions.revocation_period();
        let revoked = reset::reset_second_factor(write, &person, caller.actor(), period).await?;
        self.0.authenticator.revoke(revoked.as_slice());
        Ok(NoContent)
    }
}

impl AccountsApi {
    /// Holds the policy still, so that nobody becomes or stops being a superuser meanwhile, and
    /// refuses what only a superuser may do.
    async fn begin(
        &self,
        caller: &AuthorizedAdmin,
        id: Uuid,
    ) -> Result<(PolicyWrite<'_>, Person), Problem> {
        let mut write = self.0.begin_policy_write().await?;
        let person = view::find(write.db(), id).await?;
        let person = person.ok_or(WriteError::NotFound)?;
        caller.authorize_user_change(write.base(), &person.role_names()?)?;
        Ok((write, person))
    }
}
