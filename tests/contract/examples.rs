//! Every body has an example; `lint` compares them with the schemas.

use serde_json::Value;

use crate::documents::both;

#[tokio::test]
async fn every_request_body_and_every_answer_has_an_example() {
    for document in both().await {
        for operation in document.operations() {
            let request = [("request", &operation.object["requestBody"])];
            let answers = operation.object["responses"].as_object().unwrap();
            let answers = answers.iter().map(|(status, answer)| (&**status, answer));
            for (what, described) in request.into_iter().chain(answers) {
                for (kind, media) in described["content"].as_object().into_iter().flatten() {
                    let name = format!("{} {what} {kind}", operation.name());
                    match &**kind {
                        "application/problem+json" => {
                            assert_problems(&name, what, described, media);
                        }
                        "text/csv; charset=utf-8" => {}
                        // The state of a service, as in the answer of a healthy one.
                        _ if what == "503" => {}
                        _ => assert!(media["example"].is_object(), "{name}: no example"),
                    }
                }
            }
        }
    }
}

/// Asserts that each code in the description has an example.
fn assert_problems(name: &str, status: &str, described: &Value, media: &Value) {
    assert_eq!(media["schema"]["$ref"], "#/components/schemas/Problem", "{name}");
    let examples = media["examples"].as_object().unwrap();
    assert!(!examples.is_empty(), "{name}: no example");
    for (code, example) in examples {
        let problem = &example["value"];
        assert_eq!(problem["code"], **code, "{name}");
        assert_eq!(problem["status"].to_string(), status, "{name}");
        assert!(problem.as_object().unwrap().values().all(|value| !value.is_null()), "{name}");
    }
    let lines = described["description"].as_str().unwrap().lines();
    for code in lines.filter_map(|line| line.strip_prefix("- `")?.split('`').next()) {
        assert!(examples.contains_key(code), "{name}: no example of {code}");
    }
}
