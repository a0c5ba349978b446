//! The reason for a decision, as responses have it.

use poem_openapi::Object;
use policies::{RoleName, Snapshot};
use serde::Serialize;

use super::rules::RuleInForce;

/// The reason for a decision.
#[derive(Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Reason {
    /// `allowed`, `allowed_by_name`, `denied_by_rule`, `no_rule`, `label_denied`, `unlabelled` or
    /// `labels_missing`; about a subject that the caller names also `subject_disabled`: the account is disabled or
    /// deleted, and, in checks, `superuser_refused`: the role `superuser` of a subject without an account.
    pub(crate) code: &'static str,
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

impl Reason {
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
