//! What writes to roles, rules and grants share: names in the request body, and the response.

use poem_openapi::Object;
use poem_openapi::payload::Response;
use policies::{Description, RoleName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::precondition::tagged;
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::idempotency::Earlier;
use crate::policy::policy_problem;
use crate::policy::warning::PolicyWarning;
use crate::policy::write::Committed;

/// The result of a write to the policy.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct PolicyWriteResult {
    /// Policy revision that contains this write; `at_least` of a check waits for it.
    pub(crate) revision: i64,
    /// What this write probably makes a mistake.
    pub(crate) warnings: Vec<PolicyWarning>,
}

impl From<Committed> for PolicyWriteResult {
    fn from(Committed { revision, warnings }: Committed) -> Self {
        Self { revision, warnings }
    }
}

impl From<Earlier> for PolicyWriteResult {
    fn from(earlier: Earlier) -> Self {
        Self { revision: earlier.revision, warnings: earlier.warnings() }
    }
}

/// The answer to a request that was made before: the state that it wrote then, and the warnings of then.
pub(crate) fn written<T: DeserializeOwned, B, E: From<Problem>>(
    earlier: Earlier,
    answer: fn(T, Vec<PolicyWarning>) -> B,
) -> Result<Response<B>, E> {
    let (revision, warnings) = (earlier.revision, earlier.warnings());
    Ok(tagged(answer(earlier.written()?, warnings), revision))
}

/// Parses the name of a role in a field of the request.
pub(crate) fn role_name(field: &str, name: &str) -> Result<RoleName, Problem> {
    RoleName::parse(name).map_err(|error| policy_problem(error.into()).field(field))
}

/// Parses the names of roles in a list field of the request.
pub(crate) fn role_names(field: &str, names: &[String]) -> Result<Vec<RoleName>, Problem> {
    let names = names.iter().enumerate();
    names.map(|(index, name)| role_name(&format!("{field}[{index}]"), name)).collect()
}

/// Parses the description of a rule or role.
pub(crate) fn description(text: &str) -> Result<Description, Problem> {
    Description::parse(text)
        .map_err(|error| Problem::new(FIELD).field("description").detail(error.to_string()))
}
