//! The subject in the body of a request.

use poem_openapi::Object;
use serde::Deserialize;

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::user::subject_choice::SubjectChoice;

/// Maximum number of roles of a subject.
const MAX_ROLES: usize = 100;

/// Whom a decision is about; exactly one of the fields.
#[derive(Deserialize, Object)]
#[oai(rename = "DecisionSubject")]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SubjectBody {
    /// An account, by login or user id.
    user: Option<String>,
    /// Names of the roles of a subject without an account, at most 100.
    roles: Option<Vec<String>>,
}

impl SubjectBody {
    /// The subject.
    ///
    /// # Errors
    /// It has both fields or neither, or too many roles.
    pub(in crate::api) fn parse(&self) -> Result<SubjectChoice, Problem> {
        let invalid = |field: &str, detail: &str| Problem::new(FIELD).field(field).detail(detail);
        match (&self.user, &self.roles) {
            (Some(user), None) => Ok(SubjectChoice::User(user.clone())),
            (None, Some(roles)) if roles.len() > MAX_ROLES => {
                Err(invalid("subject.roles", "A subject has at most 100 roles."))
            }
            (None, Some(roles)) => Ok(SubjectChoice::Roles(roles.clone())),
            (Some(_), Some(_)) | (None, None) => {
                Err(invalid("subject", "Send either `user` or `roles`."))
            }
        }
    }
}
