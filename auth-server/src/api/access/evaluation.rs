//! `POST /access/v1/evaluation`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::Action;
use serde::Deserialize;

use super::body::AccessBody;
use super::decision::{AccessDecision, Decider};
use super::entities::{ActionBody, Context, LabelledResource, ResourceBody, SubjectBody};
use super::{AccessError, SMALL, run};
use crate::api::AppState;
use crate::authn::EnforcementPoint;
use crate::http::problem::Problem;
use crate::http::{WrittenReply, object};
use crate::policy::policy_problem;
use crate::user::subject::{NamedAccounts, NamedSubject};

/// Body limit in bytes.
const LIMIT: usize = 1 << 20;

/// May this subject do this to this resource?
#[derive(Deserialize, Object)]
struct EvaluationRequest {
    /// Whom the decision is about.
    #[serde(deserialize_with = "object")]
    subject: SubjectBody,
    /// What the subject does.
    #[serde(deserialize_with = "object")]
    action: ActionBody,
    /// What the subject acts on.
    #[serde(deserialize_with = "object")]
    resource: ResourceBody,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
}

/// What one decision is about.
pub(super) struct Question {
    pub(super) subject: Arc<NamedSubject>,
    pub(super) action: Arc<Action<'static>>,
    pub(super) resource: Arc<LabelledResource>,
}

impl EvaluationRequest {
    fn parse(self) -> Result<Question, Problem> {
        Ok(Question {
            subject: Arc::new(self.subject.parse()?),
            action: Arc::new(self.action.parse()),
            resource: Arc::new(self.resource.parse()?),
        })
    }
}

/// The operation.
pub(crate) struct Evaluation(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/access/v1", tag = "crate::http::tags::Tag::Access")]
impl Evaluation {
    /// Decide whether a subject may act on a resource (AuthZEN 1.0).
    ///
    /// For service clients with the scope `evaluate`, and for superusers. A denial is a 200 with
    /// `"decision": false`.
    #[oai(path = "/evaluation", method = "post", operation_id = "evaluate_access")]
    async fn evaluate(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<EvaluationRequest, LIMIT>,
    ) -> Result<WrittenReply<AccessDecision>, AccessError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let place = if body.len() > SMALL { Some(offload.admit()?) } else { None };
        let question = run(place.as_ref(), move || body.parse()?.parse()).await?;
        let accounts = NamedAccounts::of([&*question.subject], pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        let decide = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            let decision = question.decide(&decider, &accounts)?;
            state.decisions.count(decision.decision);
            WrittenReply::write(&decision)
        };
        Ok(run(place.as_ref(), decide).await?)
    }
}

impl Question {
    /// The answer.
    pub(super) fn decide(
        &self,
        decider: &Decider,
        accounts: &NamedAccounts,
    ) -> Result<AccessDecision, Problem> {
        let subject = accounts.resolve(&self.subject);
        decider.decide(&subject, &self.action, &self.resource).map_err(policy_problem)
    }
}
