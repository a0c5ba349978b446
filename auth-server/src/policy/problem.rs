//! Why a policy write is refused, as clients see it.

use policies::PolicyError;

use crate::http::problem::{INTERNAL, Problem, Spec};

const fn spec(status: u16, code: &'static str, title: &'static str) -> Spec {
    Spec { status, code, title }
}

const BUILTIN: Spec = spec(409, "builtin_immutable", "This is built in and can't be changed.");
const IN_USE: Spec = spec(409, "role_in_use", "Rules or other roles still name this role.");
const NAME: Spec = spec(422, "name_invalid", "A name does not keep to its grammar.");
const UNKNOWN: Spec = spec(422, "role_unknown", "There is no role of this name.");
const CYCLE: Spec = spec(422, "inheritance_cycle", "A role would inherit itself.");
const CHAIN: Spec = spec(422, "inheritance_too_long", "More than 7 links of inheritance.");
/// A write that would give somebody more than the writer may give.
pub const ESCALATION: Spec =
    spec(422, "escalation", "This would give away more than you may give.");
pub(crate) const LAST: Spec = spec(409, "last_superuser", "The last superuser stays.");
const PRIORITY: Spec = spec(422, "priority_invalid", "A priority is 1 … 2147483647.");
const TOO_LARGE: Spec = spec(422, "policy_too_large", "The policy would outgrow a search filter.");

/// What somebody asks by a name can answer.
pub const ROLE_NAME: &[Spec] = &[NAME];
/// What a write to something built in can answer.
pub const BUILTIN_IMMUTABLE: &[Spec] = &[BUILTIN];
/// What a role that inherits can answer.
pub const INHERITANCE: &[Spec] = &[NAME, UNKNOWN, CYCLE, CHAIN, ESCALATION];
/// What the end of a role can answer.
pub const ROLE_DELETION: &[Spec] = &[BUILTIN, IN_USE, ESCALATION];
/// What a rule can answer.
pub const RULE_WRITE: &[Spec] = &[NAME, UNKNOWN, ESCALATION, PRIORITY, TOO_LARGE];
/// What can be answered where only a superuser may give something away.
pub const ROLE_GRANT: &[Spec] = &[BUILTIN, ESCALATION];
/// What can be answered where only a superuser may do something to somebody.
pub const SUPERUSER_ONLY: &[Spec] = &[ESCALATION];
/// What can be answered where somebody might be the last superuser.
pub const LAST_SUPERUSER: &[Spec] = &[LAST];

/// A policy that cannot be built or evaluated is a fault of this server and is logged as one; every
/// other error is the caller's to fix.
impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        let spec = match &error {
            PolicyError::Name(_) => NAME,
            PolicyError::UnknownRole(_) => UNKNOWN,
            PolicyError::Cycle(_) => CYCLE,
            PolicyError::ChainTooLong(_) => CHAIN,
            PolicyError::InheritsSuperuser(_) | PolicyError::AnonymousWrites => ESCALATION,
            PolicyError::BuiltinImmutable(_) => BUILTIN,
            PolicyError::RoleInUse(..) => IN_USE,
            PolicyError::Priority(_) => PRIORITY,
            PolicyError::TooManyNames(_) | PolicyError::TooManyPrefixes(_) => TOO_LARGE,
            fault => {
                tracing::error!(error = %fault, "the policy cannot be evaluated");
                return Self::new(INTERNAL);
            }
        };
        Self::new(spec).detail(error.to_string())
    }
}
