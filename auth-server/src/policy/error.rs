//! Errors of the policy: why it cannot be loaded, and why a write is refused.

use policies::{NameError, PolicyError};

use crate::http::problem::{INTERNAL, Problem, Spec};

const BUILTIN: Spec =
    Spec::new(409, "builtin_immutable", "Built-in roles and rules cannot be changed or deleted.");
/// No rule has this id.
pub(crate) const RULE_NOT_FOUND: Spec = Spec::new(404, "rule_not_found", "Rule not found.");
/// No role has this name.
pub(crate) const ROLE_NOT_FOUND: Spec = Spec::new(404, "role_not_found", "Role not found.");
/// The name of a new role is taken.
pub(crate) const ROLE_EXISTS: Spec =
    Spec::new(409, "role_exists", "A role with this name already exists.");
const IN_USE: Spec = Spec::new(409, "role_in_use", "Rules or other roles refer to this role.");
pub(super) const RESERVED: Spec =
    Spec::new(409, "role_name_reserved", "The name of a recently deleted role is reserved.");
const NAME: Spec = Spec::new(422, "name_invalid", "Invalid name.");
/// A role that does not exist.
pub const ROLE_UNKNOWN: Spec = Spec::new(422, "role_unknown", "Unknown role.");
const CYCLE: Spec = Spec::new(422, "inheritance_cycle", "A role must not inherit itself.");
const CHAIN: Spec =
    Spec::new(422, "inheritance_too_long", "An inheritance chain must have at most 7 links.");
/// A write that would grant more than the caller may grant.
pub const ESCALATION: Spec =
    Spec::new(422, "escalation", "This write would grant more privileges than you may grant.");
pub(super) const LAST: Spec =
    Spec::new(409, "last_superuser", "The last superuser cannot be removed.");
const PRIORITY: Spec =
    Spec::new(422, "priority_invalid", "The priority must be between 1 and 2147483647.");
const TOO_LARGE: Spec = Spec::new(
    422,
    "policy_too_large",
    "The policy would exceed the size limit of a search filter.",
);

pub(super) const REVISION_UNKNOWN: Spec =
    Spec::new(404, "revision_not_found", "There is no such policy revision yet.");
pub(super) const REVISION_NOT_KEPT: Spec = Spec::new(
    404,
    "revision_not_kept",
    "This policy revision is not kept; the list of revisions has those that are.",
);

/// Errors of an operation on an earlier revision of the policy.
pub const REVISION: &[Spec] = &[REVISION_UNKNOWN, REVISION_NOT_KEPT];
/// Errors of an operation that creates a role.
pub const ROLE_RESERVED: &[Spec] = &[RESERVED];
/// Errors of an operation that takes the name of a role.
pub const ROLE_NAME: &[Spec] = &[NAME];
/// Errors of an operation on a rule.
pub const RULE_LOOKUP: &[Spec] = &[RULE_NOT_FOUND];
/// Errors of an operation on a role.
pub const ROLE_LOOKUP: &[Spec] = &[ROLE_NOT_FOUND];
/// Errors of creating a role, besides [`INHERITANCE`].
pub const ROLE_CREATION: &[Spec] = &[ROLE_EXISTS, RESERVED];
/// Errors of an operation that may meet a built-in role or rule.
pub const BUILTIN_IMMUTABLE: &[Spec] = &[BUILTIN];
/// Errors of a write that sets what a role inherits.
pub const INHERITANCE: &[Spec] = &[NAME, ROLE_UNKNOWN, CYCLE, CHAIN, ESCALATION];
/// Errors of deleting a role.
pub const ROLE_DELETION: &[Spec] = &[BUILTIN, IN_USE, ESCALATION];
/// Errors of a write to a rule.
pub const RULE_WRITE: &[Spec] = &[NAME, ROLE_UNKNOWN, ESCALATION, PRIORITY, TOO_LARGE];
/// Errors of granting or revoking a role.
pub const ROLE_GRANT: &[Spec] = &[BUILTIN, ESCALATION];
/// Errors of an operation that requires a superuser if the affected user is an admin.
pub const SUPERUSER_ONLY: &[Spec] = &[ESCALATION];
/// Errors of an operation that may remove a superuser.
pub const LAST_SUPERUSER: &[Spec] = &[LAST];

/// A policy that cannot be built or evaluated is a fault of this server and is logged as one; every
/// other error is the caller's to fix.
#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` and `From` need")]
pub(crate) fn policy_problem(error: PolicyError) -> Problem {
    let spec = match &error {
        PolicyError::InvalidName(_) => NAME,
        PolicyError::UnknownRole(_) => ROLE_UNKNOWN,
        PolicyError::InheritanceCycle(_) => CYCLE,
        PolicyError::InheritanceTooDeep(_) => CHAIN,
        PolicyError::InheritsSuperuser(_) | PolicyError::AnonymousWrite => ESCALATION,
        PolicyError::BuiltinRole(_) | PolicyError::BuiltinRule | PolicyError::AnonymousGrant => {
            BUILTIN
        }
        PolicyError::RoleUsedByRule { .. } | PolicyError::RoleInherited { .. } => IN_USE,
        PolicyError::InvalidPriority(_) => PRIORITY,
        PolicyError::TooManyNames(_)
        | PolicyError::TooManyLabels
        | PolicyError::TooManyPrefixes(_) => TOO_LARGE,
        fault => {
            tracing::error!(error = %fault, "the policy cannot be evaluated");
            return Problem::new(INTERNAL);
        }
    };
    Problem::new(spec).detail(error.to_string())
}

/// Why the policy cannot be read from the database.
#[derive(Debug, thiserror::Error)]
pub enum PolicyLoadError {
    /// The database refused a statement or is unavailable.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The stored roles and rules do not form a valid policy.
    #[error("the stored policy is invalid: {0}")]
    Invalid(#[from] PolicyError),
    /// A stored role has an invalid name.
    #[error("a stored role is invalid: {0}")]
    Role(NameError),
    /// A stored rule has an invalid field.
    #[error("stored rule {id} is invalid: {reason}")]
    Rule {
        /// Id of the rule.
        id: i32,
        /// What is wrong with it.
        reason: InvalidRule,
    },
    /// The thread that builds the policy panicked.
    #[error("building the policy failed: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

/// What is wrong with a stored rule.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRule {
    /// Its id or its priority is negative.
    #[error("its id or its priority is negative")]
    Negative(#[from] std::num::TryFromIntError),
    /// Its role, resource or action is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Its effect is neither `allow` nor `deny`.
    #[error("`{0}` is neither allow nor deny")]
    Effect(String),
}

/// An invalid stored policy is a fault of this server, not an unavailable database.
impl From<PolicyLoadError> for Problem {
    fn from(error: PolicyLoadError) -> Self {
        match error {
            PolicyLoadError::Database(error) => error.into(),
            PolicyLoadError::Panicked(error) => error.into(),
            error @ (PolicyLoadError::Invalid(_)
            | PolicyLoadError::Role(_)
            | PolicyLoadError::Rule { .. }) => {
                tracing::error!(%error, "the policy cannot be loaded");
                Self::new(INTERNAL)
            }
        }
    }
}
