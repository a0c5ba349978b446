//! One decision, with its reason.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::action::Action;
use crate::classes::ClassId;
use crate::error::PolicyError;
use crate::facts::{Facts, Kind};
use crate::names::{LABEL, Resource, UNLABELLED};
use crate::rule::Verdict;
use crate::snapshot::{Evaluator, RoleSet, Snapshot};

/// Why a decision is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// A rule allows the resource, and every active label is allowed as well.
    Allowed,
    /// An allow rule that names the resource itself overrides a later rule that denies one of its
    /// labels.
    AllowedByName,
    /// A rule denies the resource.
    DeniedByRule,
    /// No rule matches the resource, which denies.
    NoRule,
    /// One of the resource's labels is denied.
    LabelDenied,
    /// The film has not been labelled yet, and unlabelled films are denied.
    Unlabelled,
    /// Neither labels nor `access` were sent, so the film counts as unlabelled, which is denied.
    LabelsMissing,
}

impl ReasonCode {
    /// The code in API responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedByName => "allowed_by_name",
            Self::DeniedByRule => "denied_by_rule",
            Self::NoRule => "no_rule",
            Self::LabelDenied => "label_denied",
            Self::Unlabelled => "unlabelled",
            Self::LabelsMissing => "labels_missing",
        }
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// Why.
    pub code: ReasonCode,
    /// The denied label, with [`ReasonCode::LabelDenied`].
    pub label: Option<String>,
    /// Id of the rule that decided; `None` if no rule matched.
    pub rule: Option<u32>,
    /// When the next validity period of a label begins or ends, which may change the decision;
    /// `None` if none will.
    pub valid_until: Option<DateTime<Utc>>,
}

impl Snapshot {
    /// Decides whether a caller with these roles may send an HTTP request with this method to this
    /// path.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails. The caller must then refuse the request.
    pub fn allows_route(
        &self,
        roles: &RoleSet,
        method: &str,
        path: &str,
    ) -> Result<bool, PolicyError> {
        let method = Action::new(method);
        Ok(self.evaluator(roles, &method).verdict(&format!("route:{path}"))?.allows())
    }

    /// Decides whether a caller with these roles may perform the action with this text on `resource`.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails. The caller must then deny.
    pub fn decide(
        &self,
        roles: &RoleSet,
        action: &str,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<Decision, PolicyError> {
        self.decide_action(roles, &Action::new(action), resource, facts)
    }

    /// Decides whether a caller with these roles may perform `action` on `resource`.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails. The caller must then deny.
    pub fn decide_action(
        &self,
        roles: &RoleSet,
        action: &Action,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<Decision, PolicyError> {
        let decision = |code: ReasonCode, rule: Verdict, label: Option<&str>| Decision {
            allowed: matches!(code, ReasonCode::Allowed | ReasonCode::AllowedByName),
            code,
            label: label.map(ToOwned::to_owned),
            rule: rule.rule(),
            valid_until: facts.next_change,
        };
        let evaluator = self.evaluator(roles, action);
        // In a large policy most lookups wait for memory. Side by side they wait together.
        let class = evaluator.class_of(resource.as_str());
        let kind = self.reading(facts);
        let labels = classes_of_labels(&evaluator, resource, kind);
        let own = evaluator.verdict_in(class, resource.as_str())?;
        if own == Verdict::NONE {
            return Ok(decision(ReasonCode::NoRule, own, None));
        }
        if !own.allows() {
            return Ok(decision(ReasonCode::DeniedByRule, own, None));
        }
        let Some((denied, label)) = denied_label(&evaluator, &labels)? else {
            return Ok(decision(ReasonCode::Allowed, own, None));
        };
        let by_name = evaluator.verdict_by_name(resource.as_str(), own)?;
        if by_name.allows() && by_name < denied {
            return Ok(decision(ReasonCode::AllowedByName, by_name, None));
        }
        Ok(match kind {
            Kind::Labelled(_) => decision(ReasonCode::LabelDenied, denied, Some(label)),
            Kind::Unlabelled => decision(ReasonCode::Unlabelled, denied, None),
            Kind::Missing => decision(ReasonCode::LabelsMissing, denied, None),
        })
    }

    /// What the labels of a resource are to this policy: whether one of them is uncertain matters only if
    /// a rule tells such labels from others.
    pub(crate) fn reading<'f, 'a>(&self, facts: &'f Facts<'a>) -> &'f Kind<'a> {
        if facts.uncertain && self.tells_uncertain_labels() {
            return &Kind::Unlabelled;
        }
        &facts.kind
    }
}

/// A label and its class.
type ClassifiedLabel<'a> = (&'a str, Option<ClassId>);

/// The labels that the decision about a resource depends on.
fn classes_of_labels<'f>(
    evaluator: &Evaluator,
    resource: &Resource,
    kind: &'f Kind,
) -> SmallVec<[ClassifiedLabel<'f>; 4]> {
    let mut name = String::with_capacity(80);
    let mut classified = |label: &'f str| {
        name.clear();
        name.push_str(LABEL);
        name.push_str(label);
        (label, evaluator.class_of(&name))
    };
    match kind {
        Kind::Labelled(labels) => labels.iter().map(|label| classified(label)).collect(),
        Kind::Unlabelled => [classified(UNLABELLED)].into_iter().collect(),
        // The labeler labels films only; for any other resource the caller would have sent labels.
        Kind::Missing if resource.is_film() => [classified(UNLABELLED)].into_iter().collect(),
        Kind::Missing => SmallVec::new(),
    }
}

/// The denied label whose rule comes first, so that the reason does not depend on the order in which
/// labels were sent, and a rule that overrides this denial overrides all others too.
fn denied_label<'f>(
    evaluator: &Evaluator,
    labels: &[ClassifiedLabel<'f>],
) -> Result<Option<(Verdict, &'f str)>, PolicyError> {
    let mut first: Option<(Verdict, &str)> = None;
    for &(label, class) in labels {
        let verdict = evaluator.label_verdict_in(class, label)?;
        if !verdict.allows() && first.is_none_or(|earliest| (verdict, label) < earliest) {
            first = Some((verdict, label));
        }
    }
    Ok(first)
}
