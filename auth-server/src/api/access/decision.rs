//! One decision, as AuthZEN has it.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use policies::{Action, Decision, PolicyError, Resource, RoleSet, Snapshot};
use serde::Serialize;

use super::entities::{LabelledResource, Labels};
use crate::clock::Clock;
use crate::http::problem::Problem;
use crate::policy::reason::ReasonCode;
use crate::user::subject::ResolvedSubject;

/// Maximum length of an invalid label in a response, in characters.
const MAX_LABEL: usize = 80;

/// A decision about one request.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(super) struct AccessDecision {
    /// Whether the action is allowed.
    pub(super) decision: bool,
    /// Why.
    pub(super) context: DecisionContext,
}

/// Why a decision is what it is.
#[derive(Clone, Debug, Default, Serialize, Object)]
#[oai(rename = "AccessDecisionContext", read_only_all, skip_serializing_if_is_none)]
pub(super) struct DecisionContext {
    /// The reason; none if the request could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<AccessReason>,
    /// When the decision may change because the validity period of a label starts or ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<DateTime<Utc>>,
    /// Policy revision that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// What is wrong with this item of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

/// The reason for a decision.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
struct AccessReason {
    /// The kind of reason.
    code: ReasonCode,
    /// The denied or invalid label.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// What is wrong with an item of a batch.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "EvaluationError", read_only_all)]
struct ItemError {
    /// The status that a request with this item alone would have.
    status: u16,
    /// What is wrong.
    message: String,
}

impl AccessDecision {
    /// The decision about an item that cannot be read.
    pub(super) fn refused(problem: &Problem) -> Self {
        let message = match (&problem.field, &problem.detail) {
            (Some(field), Some(detail)) => format!("{field}: {detail}"),
            (_, detail) => detail.clone().unwrap_or_else(|| problem.title.to_owned()),
        };
        let error = Some(ItemError { status: problem.status, message });
        Self { decision: false, context: DecisionContext { error, ..DecisionContext::default() } }
    }
}

/// Decides against one snapshot of the policy.
pub(super) struct Decider<'a> {
    pub(super) policy: &'a Snapshot,
    pub(super) clock: &'a Clock,
}

impl Decider<'_> {
    /// The decision about this subject, action and resource.
    pub(super) fn decide(
        &self,
        subject: &ResolvedSubject,
        action: &Action,
        LabelledResource { resource, labels }: &LabelledResource,
    ) -> Result<AccessDecision, PolicyError> {
        let roles = match subject {
            ResolvedSubject::Account(roles) | ResolvedSubject::Stranger(roles) => roles,
            ResolvedSubject::Disabled => return Ok(self.denied(ReasonCode::SubjectDisabled, None)),
            ResolvedSubject::StatedSuperuser => {
                return Ok(self.denied(ReasonCode::SuperuserRefused, None));
            }
        };
        if let Some(label) = labels.invalid() {
            let label = label.chars().take(MAX_LABEL).collect();
            return Ok(self.denied(ReasonCode::LabelInvalid, Some(label)));
        }
        let decision = self.decision(&self.policy.role_set(roles), action, resource, labels)?;
        let reason = AccessReason { code: decision.code.into(), label: decision.label };
        Ok(AccessDecision {
            decision: decision.allowed,
            context: DecisionContext {
                reason: Some(reason),
                valid_until: decision.valid_until,
                revision: Some(self.policy.revision()),
                error: None,
            },
        })
    }

    /// Whether a subject with these roles is allowed this.
    pub(super) fn allows(
        &self,
        roles: &RoleSet,
        action: &Action,
        resource: &Resource,
        labels: &Labels,
    ) -> Result<bool, PolicyError> {
        let is_valid = labels.invalid().is_none();
        Ok(is_valid && self.decision(roles, action, resource, labels)?.allowed)
    }

    fn decision(
        &self,
        roles: &RoleSet,
        action: &Action,
        resource: &Resource,
        labels: &Labels,
    ) -> Result<Decision, PolicyError> {
        let decide = |facts| self.policy.decide_action(roles, action, resource, facts);
        let facts = labels.facts(self.policy, || self.clock.now());
        let mut decisions = facts.iter().map(decide).collect::<Result<Vec<_>, _>>()?;
        let denied = decisions.iter().position(|decision| !decision.allowed);
        Ok(decisions.swap_remove(denied.unwrap_or_default()))
    }

    fn denied(&self, code: ReasonCode, label: Option<String>) -> AccessDecision {
        let context = DecisionContext {
            reason: Some(AccessReason { code, label }),
            revision: Some(self.policy.revision()),
            ..DecisionContext::default()
        };
        AccessDecision { decision: false, context }
    }
}
