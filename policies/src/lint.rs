//! What in a policy is probably a mistake, although it is valid.

mod policy;
mod write;

use std::fmt;

/// Actions that a policy may use without a second rule that does: usual ones, and the methods of HTTP
/// (RFC 9110, RFC 5789), which are the actions on routes. HEAD is judged as GET.
pub const KNOWN_ACTIONS: [&str; 12] = [
    "read", "write", "create", "update", "delete", "GET", "POST", "PUT", "PATCH", "DELETE",
    "OPTIONS", "TRACE",
];

/// What a role must reach in order to write rules.
const RULES_ROUTE: &str = "route:/api/v1/rules";

/// Something that is probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Warning {
    /// An earlier rule has the same role, resource, action and effect.
    Duplicate {
        /// The rule without effect.
        rule: u32,
        /// The earlier one.
        of: u32,
    },
    /// An earlier rule has the same role, resource and action, and the opposite effect.
    Contradicted {
        /// The rule without effect.
        rule: u32,
        /// The earlier one.
        by: u32,
    },
    /// An earlier rule covers everything that the rule covers, for everyone to whom it applies.
    Shadowed {
        /// The rule without effect.
        rule: u32,
        /// The earlier one.
        by: u32,
    },
    /// The labeler writes no such label.
    UnknownLabel {
        /// The rule.
        rule: u32,
        /// The label, or the start of labels with a `*`.
        label: String,
    },
    /// No other rule uses the action, and it is no usual one.
    UnknownAction {
        /// The rule.
        rule: u32,
        /// The action.
        action: String,
    },
    /// No rule is about a label that the labeler writes.
    UnusedLabel {
        /// The label.
        label: String,
    },
    /// No role but `superuser` may write rules.
    NoRuleAdmin,
}

impl Warning {
    /// The rule that the warning is about.
    #[must_use]
    pub const fn rule(&self) -> Option<u32> {
        match self {
            Self::Duplicate { rule, .. }
            | Self::Contradicted { rule, .. }
            | Self::Shadowed { rule, .. }
            | Self::UnknownLabel { rule, .. }
            | Self::UnknownAction { rule, .. } => Some(*rule),
            Self::UnusedLabel { .. } | Self::NoRuleAdmin => None,
        }
    }

    /// The rule that causes it.
    #[must_use]
    pub const fn cause(&self) -> Option<u32> {
        match self {
            Self::Duplicate { of: cause, .. }
            | Self::Contradicted { by: cause, .. }
            | Self::Shadowed { by: cause, .. } => Some(*cause),
            Self::UnknownLabel { .. }
            | Self::UnknownAction { .. }
            | Self::UnusedLabel { .. }
            | Self::NoRuleAdmin => None,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { .. } => f.write_str("an earlier rule says the same"),
            Self::Contradicted { .. } => f.write_str("an earlier rule says the opposite"),
            Self::Shadowed { .. } => {
                f.write_str("an earlier rule decides whatever this one covers")
            }
            Self::UnknownLabel { label, .. } => {
                write!(f, "no label rule gives the label `{label}`")
            }
            Self::UnknownAction { action, .. } => {
                write!(f, "no other rule uses the action `{action}`")
            }
            Self::UnusedLabel { label } => write!(f, "no rule is about the label `{label}`"),
            Self::NoRuleAdmin => {
                write!(
                    f,
                    "no role but `superuser` may write rules: none is allowed POST on `{RULES_ROUTE}`"
                )
            }
        }
    }
}
