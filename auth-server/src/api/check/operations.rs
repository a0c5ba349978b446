//! `POST /api/v1/check`, `/check/batch`

use std::cell::OnceCell;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::{PolicyError, Snapshot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::decision::{CheckContext, CheckResponse, ResourceBody};
use super::subject::CheckSubject;
use crate::api::AppState;
use crate::api::subject::SubjectBody;
use crate::authn::{Authenticator, CLIENT, Caller, EvaluationSubject, TOKEN};
use crate::db::DATABASE;
use crate::http::problem::{Problem, Spec};
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{UnparsedBody, WrittenReply, object, objects, optional_object};
use crate::policy::{EVALUATION, LivePolicy, policy_problem};
use crate::problems;
use crate::user::subject_choice::SUBJECT;

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
    /// Whom a service client asks about, in place of `X-Subject-Token`.
    #[serde(default, deserialize_with = "optional_object")]
    subject: Option<Box<SubjectBody>>,
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
    /// Whom a service client asks about, in place of `X-Subject-Token`.
    #[serde(default, deserialize_with = "optional_object")]
    subject: Option<Box<SubjectBody>>,
    /// Minimum policy revision, as returned by a write; the check waits up to 1 s for it.
    at_least: Option<i64>,
}

/// Decisions in the order of the resources.
#[derive(Serialize, Object)]
#[oai(rename = "BatchResult", read_only_all)]
struct BatchResponse {
    items: Vec<CheckResponse>,
}

const REVISION_BEHIND: Spec =
    Spec::new(503, "revision_behind", "This server has not reached that policy revision yet.");

/// Errors of an operation that may wait for a policy revision.
pub(super) const REVISION: &[Spec] = &[REVISION_BEHIND];

problems! {
    /// Errors of checks.
    pub(crate) enum CheckError includes
        [BODY, TOKEN, CLIENT, SUBJECT, REVISION, EVALUATION, DATABASE]
    {
        SubjectForbidden = 403 "subject_forbidden"
            "Only a service client with the scope `evaluate` may name the subject of a check.",
    }
}

/// A request that one snapshot decides.
trait Question: DeserializeOwned + Send + 'static {
    type Response: Serialize + 'static;

    fn at_least(&self) -> Option<i64>;

    /// The subject that a service client names.
    fn subject(&self) -> Option<&SubjectBody>;

    fn validate(&self) -> Result<(), Problem>;

    fn decide(&self, context: &CheckContext) -> Result<Self::Response, PolicyError>;
}

impl Question for CheckRequest {
    type Response = CheckResponse;

    fn at_least(&self) -> Option<i64> {
        self.at_least
    }

    fn subject(&self) -> Option<&SubjectBody> {
        self.subject.as_deref()
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

    fn subject(&self) -> Option<&SubjectBody> {
        self.subject.as_deref()
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
pub(in crate::api) fn refuse_both(
    resource: &ResourceBody,
    field: impl Fn() -> String,
) -> Result<(), Problem> {
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
    /// scope `evaluate` asks for the user of the access token in `X-Subject-Token`, for a guest, or for the `subject` in the
    /// body, which is looked up in the database if it is an account.
    #[oai(path = "/check", method = "post", operation_id = "check")]
    pub(crate) async fn check(
        &self,
        /// Access token of the user for whom a service client asks.
        #[oai(name = "X-Subject-Token")]
        subject: EvaluationSubject,
        body: UnparsedBody<CheckRequest, CHECK_LIMIT>,
    ) -> Result<WrittenReply<CheckResponse>, CheckError> {
        self.answer(subject, body).await
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
        self.answer(subject, body).await
    }
}

impl CheckApi {
    /// Turns tokens into callers.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    async fn answer<Q: Question, const LIMIT: usize>(
        &self,
        asked: EvaluationSubject,
        body: UnparsedBody<Q, LIMIT>,
    ) -> Result<WrittenReply<Q::Response>, CheckError> {
        if body.len() > SMALL {
            // Boxed, so that the future of a small check stays small.
            return Box::pin(self.answer_offloaded(asked, body)).await;
        }
        let question = read(&body)?;
        wait_for_revision(&self.0.policy, question.at_least()).await?;
        let subject = self.subject(asked, question.subject()).await?;
        Ok(self.evaluate(&self.0.policy.snapshot(), &subject, &question)?)
    }

    async fn answer_offloaded<Q: Question, const LIMIT: usize>(
        &self,
        asked: EvaluationSubject,
        body: UnparsedBody<Q, LIMIT>,
    ) -> Result<WrittenReply<Q::Response>, CheckError> {
        let mut place = self.0.offload.admit()?;
        let question = place.run(move || read(&body)).await??;
        let behind = |revision| revision > self.0.policy.snapshot().revision();
        let waits = question.subject().is_some() || question.at_least().is_some_and(behind);
        let subject = if waits {
            // Nobody waits for the database, or for a revision that no write has reached, in a place of others.
            drop(place);
            wait_for_revision(&self.0.policy, question.at_least()).await?;
            let subject = self.subject(asked, question.subject()).await?;
            place = self.0.offload.admit()?;
            subject
        } else {
            CheckSubject::Caller(asked.caller)
        };
        let (api, policy) = (self.clone(), self.0.policy.snapshot_full());
        let evaluate = move || api.evaluate(&policy, &subject, &question);
        Ok(place.run(evaluate).await??)
    }

    /// Whom the request is about.
    async fn subject(
        &self,
        asked: EvaluationSubject,
        named: Option<&SubjectBody>,
    ) -> Result<CheckSubject, CheckError> {
        match named {
            None => Ok(CheckSubject::Caller(asked.caller)),
            // Boxed: rarely needed, and otherwise a part of the future of every check.
            Some(named) => Box::pin(self.named_subject(&asked, named)).await,
        }
    }

    async fn named_subject(
        &self,
        asked: &EvaluationSubject,
        named: &SubjectBody,
    ) -> Result<CheckSubject, CheckError> {
        if !asked.by_client {
            return Err(CheckError::SubjectForbidden);
        }
        if matches!(asked.caller, Caller::User(_)) {
            let problem = Problem::new(FIELD).field("subject");
            return Err(problem.detail("Send either `subject` or `X-Subject-Token`.").into());
        }
        let AppState { policy, pool, .. } = &*self.0;
        let chosen = named.parse()?.resolve(&policy.snapshot_full(), pool).await?;
        Ok(CheckSubject::of_client(chosen))
    }

    fn evaluate<Q: Question>(
        &self,
        policy: &Snapshot,
        subject: &CheckSubject,
        question: &Q,
    ) -> Result<WrittenReply<Q::Response>, Problem> {
        let AppState { policy: live, clock, decisions, .. } = &*self.0;
        let roles = subject.effective_roles(live, policy).map_err(policy_problem)?;
        let now = OnceCell::new();
        let effective_roles = &*roles;
        let context =
            CheckContext { live, policy, subject, effective_roles, clock, now, decisions };
        WrittenReply::write(&question.decide(&context).map_err(policy_problem)?)
    }
}

fn read<Q: Question, const LIMIT: usize>(body: &UnparsedBody<Q, LIMIT>) -> Result<Q, Problem> {
    let question = body.parse_any_text()?;
    question.validate()?;
    Ok(question)
}

/// Waits until this replica has reached the revision, if one is required.
///
/// # Errors
/// [`REVISION`].
pub(super) async fn wait_for_revision(
    policy: &LivePolicy,
    revision: Option<i64>,
) -> Result<(), Problem> {
    let Some(revision) = revision else { return Ok(()) };
    // Boxed: rarely needed, and otherwise half of the future of every check.
    if Box::pin(policy.wait_for_revision(revision)).await {
        return Ok(());
    }
    Err(Problem::new(REVISION_BEHIND).retry_after(1))
}
