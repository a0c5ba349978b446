//! Why a policy is rejected, or cannot be evaluated.

use crate::limits::{MAX_LABELS, MAX_NAMES, MAX_PREFIXES};
use crate::names::{NameError, RoleName};
use crate::roles::MAX_INHERITANCE_DEPTH;
use crate::rule::MAX_PRIORITY;

/// Why a policy is rejected, or cannot be evaluated.
///
/// Every variant but [`Internal`](Self::Internal) is an error in the policy, for its author to fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A role, label, resource or action name is invalid.
    #[error(transparent)]
    InvalidName(#[from] NameError),
    /// A rule or an inheritance refers to a role that does not exist.
    #[error("The role `{0}` does not exist.")]
    UnknownRole(RoleName),
    /// A role inherits itself, directly or through other roles.
    #[error("A role cannot inherit itself: `{0}` is part of a cycle.")]
    InheritanceCycle(RoleName),
    /// An inheritance chain has more links than casbin follows.
    #[error(
        "The role `{0}` would be in an inheritance chain of more than {MAX_INHERITANCE_DEPTH} links."
    )]
    InheritanceTooDeep(RoleName),
    /// `superuser` can be granted to users, but not inherited by roles.
    #[error(
        "The role `{0}` cannot inherit `superuser`, which can only be granted to individual users."
    )]
    InheritsSuperuser(RoleName),
    /// Built-in roles cannot be created, changed or deleted.
    #[error("The built-in role `{0}` cannot be changed.")]
    BuiltinRole(RoleName),
    /// `anonymous` applies to everyone, so it cannot be granted or revoked.
    #[error("The role `anonymous` applies to everyone and cannot be granted or revoked.")]
    AnonymousGrant,
    /// The superuser's built-in rule cannot be changed or deleted.
    #[error("The built-in rule of the superuser cannot be changed or deleted.")]
    BuiltinRule,
    /// A role cannot be deleted while a rule refers to it.
    #[error("The role `{role}` is still used by rule {rule}.")]
    RoleUsedByRule {
        /// The role.
        role: RoleName,
        /// Id of one of the rules.
        rule: u32,
    },
    /// A role cannot be deleted while another role inherits it.
    #[error("The role `{role}` is still inherited by `{descendant}`.")]
    RoleInherited {
        /// The role.
        role: RoleName,
        /// One of the roles that inherit it.
        descendant: RoleName,
    },
    /// A priority is not between 1 and [`MAX_PRIORITY`].
    #[error("The priority must be between 1 and {MAX_PRIORITY}, not {0}.")]
    InvalidPriority(u32),
    /// A rule id is not between 1 and [`MAX_PRIORITY`].
    #[error("The rule id must be between 1 and {MAX_PRIORITY}, not {0}.")]
    InvalidRuleId(u32),
    /// A rule would allow `anonymous` to write through the server's own API.
    #[error("This rule would allow guests to write through the server's own API.")]
    AnonymousWrite,
    /// Rules name more than [`MAX_NAMES`] resources of one type.
    #[error("Rules may name at most {MAX_NAMES} resources of the type `{0}`.")]
    TooManyNames(String),
    /// Rules name more than [`MAX_LABELS`] labels and label prefixes.
    #[error("Rules may name at most {MAX_LABELS} labels and label prefixes.")]
    TooManyLabels,
    /// Rules name more than [`MAX_PREFIXES`] prefixes of one type.
    #[error("Rules may name at most {MAX_PREFIXES} prefixes of the type `{0}`.")]
    TooManyPrefixes(String),
    /// Casbin failed, or contradicted itself: a fault of this program, not of the policy's author.
    #[error("internal error in the policy engine: {0}")]
    Internal(String),
}

impl From<casbin::Error> for PolicyError {
    fn from(error: casbin::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
