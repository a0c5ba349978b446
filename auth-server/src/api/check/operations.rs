//! `POST /api/v1/check`, `/check/batch`

use std::cell::OnceCell;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::{PolicyError, Snapshot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::decision::{CheckContext, CheckResponse, ResourceBody};
use crate::api::AppState;
use crate::authn::{Authenticator, CLIENT, Caller, EvaluationSubject, TOKEN};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{UnparsedBody, WrittenReply, object, objects};
use crate::policy::{EVALUATION, EffectiveRoles, LivePolicy, policy_problem};
use crate::problems;

/// Maximum number of resources in a batch.
const MAX_RESOURCES: usize = 1_000;
/// Body limit of a check in bytes: a document with a thousand long labels fits.
const CHECK_LIMIT: usize = 1 << 20;
/// Body limit of a batch in bytes: documents with many labels fit.
const BATCH_LIMIT: usize = 2 << 20;
/// Larger bodies, in bytes, are parsed and evaluated off the threads that serve requests.
const SMALL: usize = 16 << 10;

/// A check of one resource.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// Action: `read`, `GET`, …; at most 128 bytes.
    #[serde(deserialize_with = "super::action::deserialize")]
    action: String,
    /// Resource to act on.
    #[serde(deserialize_with = "object")]
    resource: ResourceBody,
    /// Minimum policy revision, as returned by a write; the check waits up to 1 s for it.
    at_least: Option<i64>,
}

/// A check of several resources.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// Action: `read`, `GET`, …; at most 128 bytes.
    #[serde(deserialize_with = "super::action::deserialize")]
    action: String,
    /// Resources to act on, at most 1,000.
    #[serde(deserialize_with = "objects")]
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

problems! {
    /// Errors of checks and filters.
    pub(crate) enum CheckError includes [BODY, TOKEN, CLIENT, EVALUATION, DATABASE] {
        RevisionBehind = 503 "revision_behind" "This server has not reached that policy revision yet.",
    }
}

/// A request that one snapshot decides.
trait Question: DeserializeOwned + Send + 'static {
    type Response: Serialize + 'static;

    fn at_least(&self) -> Option<i64>;

    fn validate(&self) -> Result<(), Problem>;

    fn decide(&self, context: &CheckContext) -> Result<Self::Response, PolicyError>;
}

impl Question for CheckRequest {
    type Response = CheckResponse;

    fn at_least(&self) -> Option<i64> {
        self.at_least
    }

    fn validate(&self) -> Result<(), Problem> {
        refuse_both(&self.resource, || "resource".into())
    }

    fn decide(&self, context: &CheckContext) -> Result<CheckResponse, PolicyError> {
        context.decide(&self.action, &self.resource)
    }
}

impl Question for BatchRequest {
    type Response = BatchResponse;

    fn at_least(&self) -> Option<i64> {
        self.at_least
    }

    fn validate(&self) -> Result<(), Problem> {
        if self.resources.len() > MAX_RESOURCES {
            let problem = Problem::new(FIELD).field("resources");
            return Err(problem.detail("A batch has at most 1,000 resources."));
        }
        let mut resources = self.resources.iter().enumerate();
        resources.try_for_each(|(index, it)| refuse_both(it, || format!("resources[{index}]")))
    }

    fn decide(&self, context: &CheckContext) -> Result<BatchResponse, PolicyError> {
        let items = self.resources.iter().map(|it| context.decide(&self.action, it));
        Ok(BatchResponse { items: items.collect::<Result<_, _>>()? })
    }
}

/// Labels stated by the caller and labels of the document could contradict each other.
fn refuse_both(resource: &ResourceBody, field: impl Fn() -> String) -> Result<(), Problem> {
    if resource.labels.is_some() && resource.access.is_some() {
        let problem = Problem::new(FIELD).field(format!("{}.labels", field()));
        return Err(problem.detail("Send either `labels` or `access`, not both."));
    }
    Ok(())
}

/// The operations.
#[derive(Clone)]
pub(crate) struct CheckApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1", tag = "crate::http::tags::Tag::Check")]
impl CheckApi {
    /// Check whether the caller may act on a resource.
    ///
    /// The caller is the user of the access token, or a guest if there is none. A service client with the
    /// scope `evaluate` asks for the user of the access token in `X-Subject-Token`, or for a guest.
    #[oai(path = "/check", method = "post", operation_id = "check")]
    pub(crate) async fn check(
        &self,
        /// Access token of the user for whom a service client asks.
        #[oai(name = "X-Subject-Token")]
        subject: EvaluationSubject,
        body: UnparsedBody<CheckRequest, CHECK_LIMIT>,
    ) -> Result<WrittenReply<CheckResponse>, CheckError> {
        self.answer(subject.caller, body).await
    }

    /// Check whether the caller may act on each of several resources.
    #[oai(path = "/check/batch", method = "post", operation_id = "check_batch")]
    async fn batch(
        &self,
        /// Access token of the user for whom a service client asks.
        #[oai(name = "X-Subject-Token")]
        subject: EvaluationSubject,
        body: UnparsedBody<BatchRequest, BATCH_LIMIT>,
    ) -> Result<WrittenReply<BatchResponse>, CheckError> {
        self.answer(subject.caller, body).await
    }
}

impl CheckApi {
    /// Turns tokens into callers.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    async fn answer<Q: Question, const LIMIT: usize>(
        &self,
        caller: Caller,
        body: UnparsedBody<Q, LIMIT>,
    ) -> Result<WrittenReply<Q::Response>, CheckError> {
        if body.len() > SMALL {
            // Boxed, so that the future of a small check stays small.
            return Box::pin(self.answer_offloaded(caller, body)).await;
        }
        let question = read(&body)?;
        wait_for_revision(&self.0.policy, question.at_least()).await?;
        Ok(self.evaluate(&self.0.policy.snapshot(), &caller, &question)?)
    }

    async fn answer_offloaded<Q: Question, const LIMIT: usize>(
        &self,
        caller: Caller,
        body: UnparsedBody<Q, LIMIT>,
    ) -> Result<WrittenReply<Q::Response>, CheckError> {
        let mut place = self.0.offload.admit()?;
        let question = place.run(move || read(&body)).await??;
        if question
            .at_least()
            .is_some_and(|revision| revision > self.0.policy.snapshot().revision())
        {
            // Anyone may wait for a revision that no write has reached, but not in a place of others.
            drop(place);
            wait_for_revision(&self.0.policy, question.at_least()).await?;
            place = self.0.offload.admit()?;
        }
        let (api, policy) = (self.clone(), self.0.policy.snapshot_full());
        let evaluate = move || api.evaluate(&policy, &caller, &question);
        Ok(place.run(evaluate).await??)
    }

    fn evaluate<Q: Question>(
        &self,
        policy: &Snapshot,
        caller: &Caller,
        question: &Q,
    ) -> Result<WrittenReply<Q::Response>, Problem> {
        let AppState { policy: live, clock, decisions, .. } = &*self.0;
        let (guest, user);
        let effective_roles = match caller {
            Caller::Guest => {
                guest = EffectiveRoles::guest(policy);
                &guest
            }
            Caller::User(principal) => {
                let roles = live.effective_roles(policy, principal.user, &principal.roles);
                user = roles.map_err(policy_problem)?;
                &*user
            }
        };
        let now = OnceCell::new();
        let context = CheckContext { live, policy, caller, effective_roles, clock, now, decisions };
        WrittenReply::write(&question.decide(&context).map_err(policy_problem)?)
    }
}

fn read<Q: Question, const LIMIT: usize>(body: &UnparsedBody<Q, LIMIT>) -> Result<Q, Problem> {
    let question = body.parse_any_text()?;
    question.validate()?;
    Ok(question)
}

/// Waits until this replica has reached the revision, if one is required.
pub(super) async fn wait_for_revision(
    policy: &LivePolicy,
    revision: Option<i64>,
) -> Result<(), CheckError> {
    let Some(revision) = revision else { return Ok(()) };
    // Boxed: rarely needed, and otherwise half of the future of every check.
    if Box::pin(policy.wait_for_revision(revision)).await {
        return Ok(());
    }
    Err(CheckError::RevisionBehind.problem().retry_after(1).into())
}
