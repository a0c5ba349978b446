//! `POST /api/v1/check`, `/check/batch`, `/filter`

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use policies::{At, Filter, PolicyError, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FilterCache;
use super::decision::{CheckContext, CheckResponse, ResourceBody};
use crate::api::AppState;
use crate::authn::{Authenticator, Caller, TOKEN};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{Body, Reply};
use crate::policy::EffectiveRoles;
use crate::problems;

/// Maximum number of resources in a batch.
const MAX_RESOURCES: usize = 1_000;
/// Body limit of a check in bytes: a document with a thousand long labels fits.
const CHECK_LIMIT: usize = 1 << 20;
/// Body limit of a batch in bytes: documents with many labels fit.
const BATCH_LIMIT: usize = 2 << 20;

/// A check of one resource.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// Action: `read`, `GET`, …
    action: String,
    /// Resource to act on.
    resource: ResourceBody,
    /// Minimum policy revision, as returned by a write; the check waits up to 1 s for it.
    at_least: Option<i64>,
}

/// A check of several resources.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// Action: `read`, `GET`, …
    action: String,
    /// Resources to act on, at most 1,000.
    resources: Vec<ResourceBody>,
    /// Minimum policy revision, as returned by a write; the check waits up to 1 s for it.
    at_least: Option<i64>,
}

/// Decisions in the order of the resources.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct BatchResponse {
    items: Vec<CheckResponse>,
}

/// A request for a search filter.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct FilterRequest {
    /// Action on the documents found: `read`, …
    action: String,
    /// Resource type of the documents: `film`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    /// Time to which validity periods are applied; the time of each search by default.
    at: Option<DateTime<Utc>>,
    /// Minimum policy revision, as returned by a write; the request waits up to 1 s for it.
    at_least: Option<i64>,
}

/// A search filter.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct FilterResponse {
    /// `all`, `none` or `some`.
    kind: &'static str,
    /// Elasticsearch query for the `filter` clause of a search; it matches exactly the documents
    /// that a check allows.
    query: Value,
    /// When the filter expires; `null` if it is valid for the whole policy revision.
    valid_until: Option<DateTime<Utc>>,
    /// Policy revision that the filter is derived from.
    revision: i64,
}

problems! {
    /// Errors of checks and filters.
    pub(crate) enum CheckError includes [BODY, TOKEN] {
        RevisionBehind = 503 "revision_behind" "This server has not reached that policy revision yet.",
    }
}

/// The operations.
#[derive(Clone)]
pub(crate) struct CheckApi {
    state: Arc<AppState>,
    filters: Arc<FilterCache>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "crate::http::tags::Tag::Check")]
impl CheckApi {
    /// Check whether the caller may act on a resource.
    ///
    /// The caller is the user of the access token, or a guest if there is none.
    #[oai(path = "/check", method = "post", operation_id = "check")]
    pub(crate) async fn check(
        &self,
        caller: Caller,
        body: Body<CheckRequest, CHECK_LIMIT>,
    ) -> Result<Reply<CheckResponse>, CheckError> {
        refuse_both(&body.resource, || "resource".into())?;
        self.wait_for_revision(body.at_least).await?;
        let policy = self.state.policy.snapshot();
        let decision = self.evaluate(&policy, &caller, |evaluator| {
            evaluator.decide(&body.action, &body.resource)
        })?;
        Ok(Reply(decision))
    }

    /// Check whether the caller may act on each of several resources.
    #[oai(path = "/check/batch", method = "post", operation_id = "check_batch")]
    async fn batch(
        &self,
        caller: Caller,
        body: Body<BatchRequest, BATCH_LIMIT>,
    ) -> Result<Reply<BatchResponse>, CheckError> {
        if body.resources.len() > MAX_RESOURCES {
            let problem = Problem::new(FIELD).field("resources");
            return Err(problem.detail("A batch has at most 1,000 resources.").into());
        }
        for (index, resource) in body.resources.iter().enumerate() {
            refuse_both(resource, || format!("resources[{index}]"))?;
        }
        self.wait_for_revision(body.at_least).await?;
        let policy = self.state.policy.snapshot();
        let items = self.evaluate(&policy, &caller, |evaluator| {
            body.resources.iter().map(|it| evaluator.decide(&body.action, it)).collect()
        })?;
        Ok(Reply(BatchResponse { items }))
    }

    /// Get an Elasticsearch filter for the documents that the caller may act on.
    ///
    /// In the `filter` clause of a search it matches exactly the documents that a check allows, so
    /// that counts and pages are correct.
    #[oai(path = "/filter", method = "post", operation_id = "get_filter")]
    async fn filter(
        &self,
        caller: Caller,
        body: Body<FilterRequest>,
    ) -> Result<Reply<FilterResponse>, CheckError> {
        self.wait_for_revision(body.at_least).await?;
        let policy = self.state.policy.snapshot_full();
        let roles = match &caller {
            Caller::Guest => policy.role_set([]),
            Caller::User(user) => policy.role_set(&self.state.policy.roles(user.user, &user.roles)),
        };
        let revision = policy.revision();
        let Body(FilterRequest { action, kind, at, .. }) = body;
        let filter: Arc<Filter> = match at {
            None => self.filters.get(policy, roles, action, kind).await?,
            Some(at) => policy.filter(&roles, &action, &kind, At::Time(at)).map(Arc::new)?,
        };
        Ok(Reply(FilterResponse {
            kind: filter.kind.as_str(),
            query: filter.query.clone(),
            valid_until: None,
            revision,
        }))
    }
}

impl CheckApi {
    /// Turns tokens into callers.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.state.authenticator
    }

    /// The operations on this state.
    pub(crate) fn new(state: Arc<AppState>) -> Self {
        Self { state, filters: Arc::default() }
    }

    async fn wait_for_revision(&self, revision: Option<i64>) -> Result<(), CheckError> {
        let Some(revision) = revision else { return Ok(()) };
        // Boxed: rarely needed, and otherwise half of the future of every check.
        if Box::pin(self.state.policy.wait_for_revision(revision)).await {
            return Ok(());
        }
        Err(CheckError::RevisionBehind.problem().retry_after(1).into())
    }

    fn evaluate<T>(
        &self,
        policy: &Snapshot,
        caller: &Caller,
        decide: impl FnOnce(&CheckContext) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let AppState { policy: live, clock, decisions, .. } = &*self.state;
        let (guest, user);
        let effective_roles = match caller {
            Caller::Guest => {
                guest = EffectiveRoles::guest(policy);
                &guest
            }
            Caller::User(principal) => {
                user = live.effective_roles(policy, principal.user, &principal.roles)?;
                &*user
            }
        };
        let now = OnceCell::new();
        decide(&CheckContext { live, policy, caller, effective_roles, clock, now, decisions })
    }
}

/// Labels stated by the caller and labels of the document could contradict each other.
fn refuse_both(resource: &ResourceBody, field: impl Fn() -> String) -> Result<(), CheckError> {
    if resource.labels.is_some() && resource.access.is_some() {
        let problem = Problem::new(FIELD).field(format!("{}.labels", field()));
        return Err(problem.detail("Send either `labels` or `access`, not both.").into());
    }
    Ok(())
}
