//! The reason for a decision, as responses have it.

use std::fmt;

use poem_openapi::{Enum, Object};
use policies::{RoleName, Snapshot};
use serde::Serialize;

use super::rules::RuleInForce;

/// The reason for a decision.
#[derive(Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Reason {
    /// The kind of reason.
    pub(crate) code: ReasonCode,
    /// The denied label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The rule that decided; only for callers who may read rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Box<RuleInForce>>,
    /// The role of that rule; only for callers who may read rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// Inheritance path from a role of the caller to that role; only for callers who may read rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<Vec<String>>,
}

/// Why a decision is what it is. `allowed`: a rule allows the resource, and every active label is allowed; `allowed_by_name`:
/// a rule that names the film overrides a later rule that denies one of its labels; `denied_by_rule`: a rule denies the
/// resource; `no_rule`: no rule matches, which denies; `label_denied`: one of the labels is denied; `unlabelled`: the film
/// has not been labelled yet; `labels_missing`: neither labels nor `access` were sent, so that the film counts as unlabelled.
/// About a subject that the caller names also `subject_disabled`: the account is disabled or deleted; `superuser_refused`:
/// the role `superuser` of a subject without an account. In AuthZEN's operations also `label_invalid`: a property of the
/// resource is not a valid label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Enum)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonCode {
    Allowed,
    AllowedByName,
    DeniedByRule,
    #[default]
    NoRule,
    LabelDenied,
    Unlabelled,
    LabelsMissing,
    SubjectDisabled,
    SuperuserRefused,
    LabelInvalid,
}

impl From<policies::ReasonCode> for ReasonCode {
    fn from(code: policies::ReasonCode) -> Self {
        match code {
            policies::ReasonCode::Allowed => Self::Allowed,
            policies::ReasonCode::AllowedByName => Self::AllowedByName,
            policies::ReasonCode::DeniedByRule => Self::DeniedByRule,
            policies::ReasonCode::NoRule => Self::NoRule,
            policies::ReasonCode::LabelDenied => Self::LabelDenied,
            policies::ReasonCode::Unlabelled => Self::Unlabelled,
            policies::ReasonCode::LabelsMissing => Self::LabelsMissing,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Reason {
    /// A reason without a rule.
    pub(crate) fn new(code: impl Into<ReasonCode>, label: Option<String>) -> Self {
        Self { code: code.into(), label, rule: None, role: None, path: None }
    }

    /// The same reason with the rule that decided, for callers who may read rules. `held` are the roles of the
    /// subject.
    pub(crate) fn with_rule(
        self,
        policy: &Snapshot,
        rule: Option<u32>,
        held: impl FnOnce() -> Vec<RoleName>,
    ) -> Self {
        let Some(rule) = rule.and_then(|id| policy.rule(id)) else { return self };
        let mut held = held();
        held.push(RoleName::anonymous());
        let path = policy.inheritance_path(&held, &rule.role);
        Self {
            rule: Some(Box::new(RuleInForce::from(&**rule))),
            role: Some(rule.role.to_string()),
            path: Some(path.iter().map(ToString::to_string).collect()),
            ..self
        }
    }
}
