//! `POST /api/v1/policy/preview`

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::At;
use serde::Deserialize;
use tokio::time::timeout;

use super::list::{Changes, PolicyChange};
use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::films::FILMS;
use crate::http::precondition::tagged;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply, objects};
use crate::policy::write::Discarded;
use crate::policy::{
    BUILTIN_IMMUTABLE, EVALUATION, INHERITANCE, LAST_SUPERUSER, ROLE_CREATION, ROLE_DELETION,
    ROLE_LOOKUP, RULE_LOOKUP, RULE_WRITE, policy_problem,
};
use crate::preview::{Audience, PREVIEW, PolicyPreview, compare, report, timed_out};
use crate::problems;
use crate::user::USER_LOOKUP;

/// How long a preview may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Changes to be previewed.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PreviewRequest {
    /// The changes, in order: 1 to 100.
    #[serde(deserialize_with = "objects")]
    changes: Vec<PolicyChange>,
    /// Action: the films on which it is allowed are counted.
    #[serde(
        default = "crate::api::check::action::read",
        deserialize_with = "crate::api::check::action::deserialize"
    )]
    #[oai(default = "crate::api::check::action::read")]
    action: String,
}

problems! {
    /// Errors of a preview: also those of the changes.
    pub(crate) enum PreviewError includes [
        SIGNED_IN, AUTHORIZATION, BODY, RULE_LOOKUP, ROLE_LOOKUP, USER_LOOKUP, ROLE_CREATION,
        RULE_WRITE, INHERITANCE, ROLE_DELETION, BUILTIN_IMMUTABLE, LAST_SUPERUSER,
        PREVIEW, EVALUATION, FILMS, DATABASE
    ] {}
}

/// The operation.
pub(crate) struct PreviewApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/policy", tag = "crate::http::tags::Tag::Policy")]
impl PreviewApi {
    /// Preview changes of rules, roles and grants.
    ///
    /// Who would gain and who would lose what: guests, users by their roles, and how many films. Nothing is changed. The
    /// same changes can be applied with the ETag of the answer.
    #[oai(path = "/preview", method = "post", operation_id = "preview_policy_changes")]
    async fn preview(
        &self,
        caller: AuthorizedAdmin,
        body: Body<PreviewRequest>,
    ) -> Result<Response<Reply<PolicyPreview>>, PreviewError> {
        let PreviewRequest { changes, action } = body.0;
        let changes = Changes::parse(changes)?;
        let _running = self.0.previews.begin(caller.user)?;
        let preview = self.find_out(caller, changes, action);
        let preview = timeout(TIME_LIMIT, preview).await.map_err(|_| timed_out())??;
        let revision = preview.revision;
        Ok(tagged(Reply(preview), revision))
    }
}

impl PreviewApi {
    async fn find_out(
        &self,
        caller: AuthorizedAdmin,
        changes: Changes,
        action: String,
    ) -> Result<PolicyPreview, Problem> {
        let AppState { pool, offload, films, clock, .. } = &*self.0;
        let deadline = Instant::now() + TIME_LIMIT;
        let place = offload.admit()?;
        let discarded = self.make(caller, changes).await?;
        let audience = Audience::of(&discarded, pool).await?;
        let at = At::Time(clock.now());
        let compare = move || compare(&discarded, audience, &action, at, deadline);
        let compared = place.run(compare).await?.map_err(policy_problem)?.ok_or_else(timed_out)?;
        // Nothing waits for Elasticsearch in a place of others.
        drop(place);
        Ok(report(compared, films.as_ref()).await?)
    }

    /// Makes the changes and undoes them. Holds the policy lock no longer than that.
    async fn make(&self, by: AuthorizedAdmin, changes: Changes) -> Result<Discarded, Problem> {
        let mut write = self.0.begin_policy_write().await?;
        changes.make(&mut write, &by).await?;
        write.discard().await
    }
}
