//! What `/openapi.json` promises.

use std::collections::BTreeSet;

use serde_json::Value;

/// An answer to an operation (`GET /api/v1/me`): status, and code where it is a problem.
pub type Answered = (String, u16, String);

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// The operation as the document has it.
    pub object: Value,
}

impl Operation {
    /// Method and path.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// True when the path fits.
    #[must_use]
    pub fn takes(&self, method: &str, path: &str) -> bool {
        let (own, given) = (self.path.split('/'), path.split('/'));
        self.method == method
            && own.clone().count() == given.clone().count()
            && own.zip(given).all(|(own, given)| own == given || own.starts_with('{'))
    }

    /// True when it needs a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        let schemes = self.object["security"].as_array();
        schemes.is_some_and(|all| all.iter().all(|scheme| scheme.get("bearer").is_some()))
    }

    /// True when it looks at a token, if there is one.
    #[must_use]
    pub fn reads_token(&self) -> bool {
        let schemes = self.object["security"].as_array();
        schemes.is_some_and(|all| all.iter().any(|scheme| scheme.get("bearer").is_some()))
    }

    /// True when it is for service clients, by their own id and secret.
    #[must_use]
    pub fn is_for_clients(&self) -> bool {
        let schemes = self.object["security"].as_array();
        schemes.is_some_and(|all| all.iter().any(|scheme| scheme.get("client").is_some()))
    }
}

/// Every operation.
///
/// # Panics
/// The document has another shape.
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

/// Every answer that the document promises.
///
/// # Panics
/// The document has another shape.
#[must_use]
pub fn documented(document: &Value) -> BTreeSet<Answered> {
    let mut all = BTreeSet::new();
    for operation in operations(document) {
        for (status, response) in operation.object["responses"].as_object().unwrap() {
            let status: u16 = status.parse().unwrap();
            for code in codes(response) {
                all.insert((operation.name(), status, code));
            }
        }
    }
    all
}

fn codes(response: &Value) -> Vec<String> {
    let problem = &response["content"]["application/problem+json"]["schema"]["allOf"];
    let codes = problem.as_array().into_iter().flatten();
    let codes = codes.filter_map(|part| part["properties"]["code"]["enum"].as_array()).flatten();
    let codes: Vec<String> = codes.filter_map(|code| Some(code.as_str()?.to_owned())).collect();
    if codes.is_empty() { vec![String::new()] } else { codes }
}
