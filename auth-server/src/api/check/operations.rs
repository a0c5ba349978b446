//! `POST /api/v1/check`, `/check/batch`, `/filter`.

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use policies::{At, Filter, PolicyError, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FilterCache;
use super::decision::{Answer, Evaluator, ResourceBody};
use crate::api::AppState;
use crate::authn::{Caller, TOKEN};
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{Body, Reply};
use crate::policy::EffectiveRoles;
use crate::problems;

/// Resources of one batch at most.
const MOST_RESOURCES: usize = 1_000;
/// Room for a document with a thousand long labels, in bytes.
const CHECK_LIMIT: usize = 1 << 20;
/// Room for a batch of documents with many labels, in bytes.
const BATCH_LIMIT: usize = 2 << 20;

/// A question about one resource.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// What the caller wants to do: `read`, `GET`, …
    action: String,
    /// To what.
    resource: ResourceBody,
    /// Answer by a policy of this revision or later, as a write returned it; waits up to a second.
    at_least: Option<i64>,
}

/// A question about many resources.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// What the caller wants to do.
    action: String,
    /// To what: up to 1,000, answered in this order.
    resources: Vec<ResourceBody>,
    /// As in a single check.
    at_least: Option<i64>,
}

/// Answers, in the order of the resources.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct BatchAnswer {
    items: Vec<Answer>,
}

/// A question for a filter.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct FilterRequest {
    /// What the caller wants to do with what the search finds.
    action: String,
    /// What kind of thing is searched: `film`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    /// Hold windows against this second instead of the time of each search.
    at: Option<DateTime<Utc>>,
    /// As in a single check.
    at_least: Option<i64>,
}

/// A search filter.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct FilterAnswer {
    /// `all`, `none` or `some`.
    kind: &'static str,
    /// An Elasticsearch query, for the `filter` clause of a search: it admits exactly the
    /// documents that a check would allow.
    query: Value,
    /// When the filter must be asked for again; `null`: as long as the revision stands.
    valid_until: Option<DateTime<Utc>>,
    /// Revision of the policy that answered.
    revision: i64,
}

problems! {
    /// What can go wrong with a question.
    pub(crate) enum CheckError includes [BODY, TOKEN] {
        RevisionBehind = 503 "revision_behind" "This server has not yet reached that revision.",
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
    /// May the caller do this?
    ///
    /// The caller is the bearer of the token, or a guest without one. Answered from memory.
    #[oai(path = "/check", method = "post", operation_id = "check")]
    pub(crate) async fn check(
        &self,
        caller: Caller,
        body: Body<CheckRequest, CHECK_LIMIT>,
    ) -> Result<Reply<Answer>, CheckError> {
        refuse_both(&body.resource, || "resource".into())?;
        self.reach(body.at_least).await?;
        let policy = self.state.policy.snapshot();
        let answer = self
            .evaluator(&policy, &caller, |evaluator| evaluator.about(&body.action, &body.resource));
        Ok(Reply(answer?))
    }

    /// May the caller do this to each of these?
    #[oai(path = "/check/batch", method = "post", operation_id = "check_batch")]
    async fn batch(
        &self,
        caller: Caller,
        body: Body<BatchRequest, BATCH_LIMIT>,
    ) -> Result<Reply<BatchAnswer>, CheckError> {
        if body.resources.len() > MOST_RESOURCES {
            let problem = Problem::new(FIELD).field("resources");
            return Err(problem.detail("At most 1,000 resources at once.").into());
        }
        for (index, resource) in body.resources.iter().enumerate() {
            refuse_both(resource, || format!("resources[{index}]"))?;
        }
        self.reach(body.at_least).await?;
        let policy = self.state.policy.snapshot();
        let items = self.evaluator(&policy, &caller, |evaluator| {
            body.resources.iter().map(|resource| evaluator.about(&body.action, resource)).collect()
        });
        Ok(Reply(BatchAnswer { items: items? }))
    }

    /// Which documents may the caller do this to?
    ///
    /// Put the query into the `filter` clause of a search: the search then finds exactly what
    /// `/check` would allow, so counts and pages are right.
    #[oai(path = "/filter", method = "post", operation_id = "filter")]
    async fn filter(
        &self,
        caller: Caller,
        body: Body<FilterRequest>,
    ) -> Result<Reply<FilterAnswer>, CheckError> {
        self.reach(body.at_least).await?;
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
        Ok(Reply(FilterAnswer {
            kind: filter.kind.as_str(),
            query: filter.query.clone(),
            valid_until: None,
            revision,
        }))
    }
}

impl CheckApi {
    /// The operations on this state.
    pub(crate) fn new(state: Arc<AppState>) -> Self {
        Self { state, filters: Arc::default() }
    }

    async fn reach(&self, revision: Option<i64>) -> Result<(), CheckError> {
        let Some(revision) = revision else { return Ok(()) };
        // Boxed, as it is seldom asked for and would be half of the future of every check.
        if Box::pin(self.state.policy.wait_for_revision(revision)).await {
            return Ok(());
        }
        Err(CheckError::RevisionBehind.problem().retry_after(1).into())
    }

    fn evaluator<T>(
        &self,
        policy: &Snapshot,
        caller: &Caller,
        answer: impl FnOnce(&Evaluator) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let (live, clock, decisions) =
            (&*self.state.policy, &self.state.clock, &self.state.decisions);
        let (guest, user);
        let effective_roles = match caller {
            Caller::Guest => {
                guest = EffectiveRoles::guest(policy);
                &guest
            }
            Caller::User(verified) => {
                user = live.effective_roles(policy, verified.user, &verified.roles)?;
                &*user
            }
        };
        let now = OnceCell::new();
        answer(&Evaluator { live, policy, caller, effective_roles, clock, now, decisions })
    }
}

/// Labels stated by the caller and labels from the document could disagree.
fn refuse_both(resource: &ResourceBody, at: impl Fn() -> String) -> Result<(), CheckError> {
    if resource.labels.is_some() && resource.access.is_some() {
        let problem = Problem::new(FIELD).field(format!("{}.labels", at()));
        return Err(problem.detail("Send either `labels` or `access`, not both.").into());
    }
    Ok(())
}
