//! What writes to roles, rules and grants share: names in the request body, and the response.

use poem_openapi::Object;
use poem_openapi::payload::Response;
use policies::RoleName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::precondition::tagged;
use crate::http::problem::Problem;
use crate::idempotency::Earlier;
use crate::policy::policy_problem;

/// The result of a write to the policy.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct PolicyWriteResult {
    /// Policy revision that contains this write; `at_least` of a check waits for it.
    pub(crate) revision: i64,
}

impl From<Earlier> for PolicyWriteResult {
    fn from(earlier: Earlier) -> Self {
        Self { revision: earlier.revision }
    }
}

/// The answer to a request that was made before: the state that it wrote then.
pub(crate) fn written<T: DeserializeOwned, B, E: From<Problem>>(
    earlier: Earlier,
    answer: fn(T) -> B,
) -> Result<Response<B>, E> {
    let revision = earlier.revision;
    Ok(tagged(answer(earlier.written()?), revision))
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
