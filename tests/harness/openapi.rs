//! The contents of `/openapi.json`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One documented answer to an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentedAnswer {
    /// Method and path, such as `GET /api/v1/me`.
    pub operation: String,
    /// HTTP status.
    pub status: u16,
    /// Problem code, empty if the answer is not a problem.
    pub code: String,
}

impl fmt::Display for DocumentedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.operation, self.status, self.code)
    }
}

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// In upper case.
    pub method: String,
    /// The path template, with parameters in braces.
    pub path: String,
    /// The operation object.
    pub object: Value,
}

impl Operation {
    /// Method and path.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// True if a request with this method and path reaches the operation.
    #[must_use]
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let (template, segments) = (self.path.split('/'), path.split('/'));
        self.method == method
            && template.clone().count() == segments.clone().count()
            && template.zip(segments).all(|(own, given)| own == given || own.starts_with('{'))
    }

    /// True if the operation requires a token, unless a service client calls it.
    #[must_use]
    pub fn requires_token(&self) -> bool {
        self.accepts_token()
            && self.schemes().is_some_and(|all| all.iter().all(|scheme| scheme != &json!({})))
    }

    /// True if the operation accepts a token.
    #[must_use]
    pub fn accepts_token(&self) -> bool {
        self.schemes().is_some_and(|all| all.iter().any(|scheme| scheme.get("bearer").is_some()))
    }

    /// True if the operation is only for service clients, which authenticate by their own id and
    /// secret.
    #[must_use]
    pub fn is_for_clients(&self) -> bool {
        self.schemes().is_some_and(|all| all.iter().all(|scheme| scheme.get("client").is_some()))
    }

    /// True if the operation accepts service clients beside users.
    #[must_use]
    pub fn accepts_clients(&self) -> bool {
        self.schemes().is_some_and(|all| all.iter().any(|scheme| scheme.get("client").is_some()))
            && !self.is_for_clients()
    }

    /// True if service clients may name the user by a token.
    #[must_use]
    pub fn accepts_subject(&self) -> bool {
        let parameters = self.object["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "X-Subject-Token"))
    }

    fn schemes(&self) -> Option<&Vec<Value>> {
        self.object["security"].as_array().filter(|schemes| !schemes.is_empty())
    }
}

/// Every operation.
///
/// # Panics
/// If the document is not an OpenAPI document.
#[must_use]
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, object) in methods.as_object().unwrap() {
            let (method, path) = (method.to_uppercase(), path.clone());
            all.push(Operation { method, path, object: object.clone() });
        }
    }
    all
}

/// Every documented answer.
///
/// # Panics
/// If the document is not an OpenAPI document.
#[must_use]
pub fn answers(document: &Value) -> BTreeSet<DocumentedAnswer> {
    let mut all = BTreeSet::new();
    for operation in operations(document) {
        for (status, response) in operation.object["responses"].as_object().unwrap() {
            let status: u16 = status.parse().unwrap();
            for code in codes(response) {
                all.insert(DocumentedAnswer { operation: operation.name(), status, code });
            }
        }
    }
    all
}

/// The examples of problems have the names of their codes.
fn codes(response: &Value) -> Vec<String> {
    let examples = &response["content"]["application/problem+json"]["examples"];
    let codes = examples.as_object().map(|all| all.keys().cloned().collect());
    codes.unwrap_or_else(|| vec![String::new()])
}
