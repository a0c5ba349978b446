//! Probable mistakes in the policy, as writes and `rules check` report them.

use std::fmt;

use poem_openapi::{Enum, Object};
use policies::{Label, Snapshot, Warning, lint};
use serde::{Deserialize, Serialize};
use service::similar::closest;

use super::rules::RuleInForce;

/// Kinds of probable mistakes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Enum)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum WarningCode {
    /// An earlier rule says the same.
    Duplicate,
    /// An earlier rule says the opposite.
    Contradicted,
    /// An earlier rule decides whatever the rule covers.
    Shadowed,
    /// No label rule gives the label.
    UnknownLabel,
    /// No other rule uses the action.
    UnknownAction,
    /// No rule is about a label that the labeler writes.
    UnusedLabel,
    /// No role but `superuser` may write rules.
    NoRuleAdmin,
}

/// What is probably a mistake, although it is valid.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub(crate) struct PolicyWarning {
    /// Kind of mistake.
    pub(crate) code: WarningCode,
    /// What is wrong, for humans.
    pub(crate) message: String,
    /// The rule that the warning is about; `null` if it is about the policy as a whole.
    pub(crate) rule: Option<RuleInForce>,
    /// The rule that causes it, if another one does.
    pub(crate) cause: Option<RuleInForce>,
    /// The known label or action that was probably meant.
    pub(crate) closest: Option<String>,
}

impl PolicyWarning {
    /// `labels` are those that the labeler writes.
    pub(crate) fn of(policy: &Snapshot, labels: &[Label], warning: &Warning) -> Self {
        let rule = |id: Option<u32>| Some(RuleInForce::from(&**policy.rule(id?)?));
        let closest = match warning {
            Warning::UnknownLabel { label, .. } => closest(label, labels.iter().map(Label::as_str)),
            Warning::UnknownAction { action, .. } => closest(action, lint::KNOWN_ACTIONS),
            _ => None,
        };
        Self {
            code: code(warning),
            message: warning.to_string(),
            rule: rule(warning.rule()),
            cause: rule(warning.cause()),
            closest: closest.map(str::to_owned),
        }
    }
}

const fn code(warning: &Warning) -> WarningCode {
    match warning {
        Warning::Duplicate { .. } => WarningCode::Duplicate,
        Warning::Contradicted { .. } => WarningCode::Contradicted,
        Warning::Shadowed { .. } => WarningCode::Shadowed,
        Warning::UnknownLabel { .. } => WarningCode::UnknownLabel,
        Warning::UnknownAction { .. } => WarningCode::UnknownAction,
        Warning::UnusedLabel { .. } => WarningCode::UnusedLabel,
        Warning::NoRuleAdmin => WarningCode::NoRuleAdmin,
    }
}

impl fmt::Display for PolicyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("warning: ")?;
        if let Some(rule) = &self.rule {
            write!(f, "`{rule}`: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(cause) = &self.cause {
            write!(f, ": `{cause}`")?;
        }
        if let Some(name) = &self.closest {
            write!(f, "; did you mean `{name}`?")?;
        }
        Ok(())
    }
}
