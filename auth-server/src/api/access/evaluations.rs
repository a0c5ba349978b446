//! `POST /access/v1/evaluations`

use std::sync::Arc;

use poem_openapi::{Enum, Object, OpenApi};
use policies::Action;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::body::{AccessBody, as_bad_request, invalid};
use super::decision::{AccessDecision, Decider, DecisionContext};
use super::entities::{ActionBody, Context, LabelledResource, ResourceBody, SubjectBody};
use super::evaluation::Question;
use super::{AccessError, SMALL, run};
use crate::api::AppState;
use crate::authn::EnforcementPoint;
use crate::http::problem::Problem;
use crate::http::{WrittenReply, optional_object, parse_json};
use crate::user::subject::{NamedAccounts, NamedSubject};

/// Body limit in bytes.
const LIMIT: usize = 2 << 20;
/// Maximum number of evaluations.
const MAX_EVALUATIONS: usize = 1_000;
/// More evaluations run off the threads that serve requests.
const FEW: usize = 32;

/// Several evaluations. `subject`, `action` and `resource` are defaults, which an evaluation replaces as
/// a whole.
#[derive(Deserialize, Object)]
struct EvaluationsRequest {
    /// Default: whom the decisions are about.
    #[serde(default, deserialize_with = "optional_object")]
    subject: Option<SubjectBody>,
    /// Default: what the subjects do.
    #[serde(default, deserialize_with = "optional_object")]
    action: Option<ActionBody>,
    /// Default: what the subjects act on.
    #[serde(default, deserialize_with = "optional_object")]
    resource: Option<ResourceBody>,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
    /// What to evaluate, at most 1,000. Without any, the defaults are a single evaluation.
    #[serde(default, deserialize_with = "items")]
    evaluations: Option<Vec<EvaluationItem>>,
    /// How to evaluate.
    #[serde(default, deserialize_with = "optional_object")]
    options: Option<Options>,
}

/// One evaluation; what it lacks is taken from the defaults.
#[derive(Default, Deserialize, Object)]
struct EvaluationItem {
    /// Whom the decision is about.
    #[serde(default, deserialize_with = "optional_object")]
    subject: Option<SubjectBody>,
    /// What the subject does.
    #[serde(default, deserialize_with = "optional_object")]
    action: Option<ActionBody>,
    /// What the subject acts on.
    #[serde(default, deserialize_with = "optional_object")]
    resource: Option<ResourceBody>,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
    /// Why the item cannot be read.
    #[serde(skip)]
    #[oai(skip)]
    problem: Option<Problem>,
}

/// How to evaluate a batch.
#[derive(Default, Deserialize, Object)]
#[oai(rename = "EvaluationsOptions")]
struct Options {
    /// `execute_all` (default), or which decision ends the batch.
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// Which decision ends a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename = "EvaluationsSemantic", rename_all = "snake_case")]
enum Semantic {
    /// None does.
    #[default]
    ExecuteAll,
    /// The first denial.
    DenyOnFirstDeny,
    /// The first permission.
    PermitOnFirstPermit,
}

impl Semantic {
    /// Whether no further item is evaluated after this decision.
    fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// Decisions in the order of the evaluations, up to the one that ended the batch; or the decision about a
/// single evaluation.
#[derive(Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
struct EvaluationsResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluations: Option<Vec<AccessDecision>>,
    /// Whether the single action is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<bool>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<DecisionContext>,
}

/// Reads each item by itself: one that cannot be read spoils no other.
fn items<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<EvaluationItem>>, D::Error> {
    let texts = Option::<Vec<Box<RawValue>>>::deserialize(deserializer)?;
    let item = |text: &RawValue| match parse_json(text.get().as_bytes()) {
        Ok(item) => item,
        Err(problem) => EvaluationItem { problem: Some(problem), ..EvaluationItem::default() },
    };
    Ok(texts.map(|texts| texts.iter().map(|text| item(text)).collect()))
}

/// Questions that share what they inherit.
struct Batch {
    semantic: Semantic,
    questions: Vec<Result<Question, Problem>>,
    /// Whether the request is a single evaluation.
    is_single: bool,
}

/// What items inherit.
struct Defaults {
    subject: Option<Arc<NamedSubject>>,
    action: Option<Arc<Action<'static>>>,
    resource: Option<Arc<LabelledResource>>,
}

impl Defaults {
    fn question(&self, item: EvaluationItem) -> Result<Question, Problem> {
        if let Some(problem) = item.problem {
            return Err(as_bad_request(problem));
        }
        let own = Self::parse(item.subject, item.action, item.resource)?;
        let missing = |field| move || invalid(field, format!("missing field `{field}`"));
        Ok(Question {
            subject: own.subject.or_else(|| self.subject.clone()).ok_or_else(missing("subject"))?,
            action: own.action.or_else(|| self.action.clone()).ok_or_else(missing("action"))?,
            resource: own
                .resource
                .or_else(|| self.resource.clone())
                .ok_or_else(missing("resource"))?,
        })
    }

    fn parse(
        subject: Option<SubjectBody>,
        action: Option<ActionBody>,
        resource: Option<ResourceBody>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            subject: subject.map(SubjectBody::parse).transpose()?.map(Arc::new),
            action: action.map(|action| Arc::new(action.parse())),
            resource: resource.map(ResourceBody::parse).transpose()?.map(Arc::new),
        })
    }
}

impl EvaluationsRequest {
    fn parse(self) -> Result<Batch, Problem> {
        let semantic = self.options.unwrap_or_default().evaluations_semantic;
        let defaults = Defaults::parse(self.subject, self.action, self.resource)?;
        let items = self.evaluations.unwrap_or_default();
        if items.len() > MAX_EVALUATIONS {
            return Err(invalid("evaluations", "A batch has at most 1,000 evaluations."));
        }
        if items.is_empty() {
            let questions = vec![Ok(defaults.question(EvaluationItem::default())?)];
            return Ok(Batch { semantic, questions, is_single: true });
        }
        let questions = items.into_iter().map(|item| defaults.question(item)).collect();
        Ok(Batch { semantic, questions, is_single: false })
    }
}

impl Batch {
    fn subjects(&self) -> impl Iterator<Item = &NamedSubject> {
        self.questions.iter().flatten().map(|question| &*question.subject)
    }

    fn decide(
        &self,
        decider: &Decider,
        accounts: &NamedAccounts,
    ) -> Result<Vec<AccessDecision>, Problem> {
        let mut decisions = Vec::with_capacity(self.questions.len());
        for question in &self.questions {
            let decision = match question {
                Ok(question) => question.decide(decider, accounts)?,
                Err(problem) => AccessDecision::refused(problem),
            };
            let is_last = self.semantic.ends_with(decision.decision);
            decisions.push(decision);
            if is_last {
                break;
            }
        }
        Ok(decisions)
    }

    fn response(&self, mut decisions: Vec<AccessDecision>) -> EvaluationsResponse {
        match decisions.pop() {
            Some(AccessDecision { decision, context }) if self.is_single => EvaluationsResponse {
                evaluations: None,
                decision: Some(decision),
                context: Some(context),
            },
            last => {
                decisions.extend(last);
                EvaluationsResponse { evaluations: Some(decisions), decision: None, context: None }
            }
        }
    }
}

/// The operation.
pub(crate) struct Evaluations(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/access/v1", tag = "crate::http::tags::Tag::Access")]
impl Evaluations {
    /// Decide about several subjects, actions or resources (AuthZEN 1.0).
    ///
    /// For service clients with the scope `evaluate`, and for superusers. An evaluation that is incomplete
    /// or invalid counts as a denial, with `error` in its context.
    #[oai(path = "/evaluations", method = "post", operation_id = "evaluate_access_batch")]
    async fn evaluate(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<EvaluationsRequest, LIMIT>,
    ) -> Result<WrittenReply<EvaluationsResponse>, AccessError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let mut place = if body.len() > SMALL { Some(offload.admit()?) } else { None };
        let batch = run(place.as_ref(), move || body.parse()?.parse()).await?;
        if place.is_none() && batch.questions.len() > FEW {
            place = Some(offload.admit()?);
        }
        let accounts = NamedAccounts::of(batch.subjects(), pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        let decide = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            let decisions = batch.decide(&decider, &accounts)?;
            for decided in &decisions {
                state.decisions.count(decided.decision);
            }
            WrittenReply::write(&batch.response(decisions))
        };
        Ok(run(place.as_ref(), decide).await?)
    }
}
