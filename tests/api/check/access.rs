//! Labels as a list in the request, and as the `access` object of a document.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::read;

const AT: &str = "2026-01-01T00:00:00Z";

fn with(access: &Value) -> Value {
    json!({ "type": "film", "id": "f1", "access": access })
}

#[tokio::test]
async fn labels_and_access_together_are_refused() {
    let server = TestServer::start().await;
    for access in [json!(null), json!({}), json!({ "labels": [], "labelled_at": AT })] {
        let film = json!({ "type": "film", "id": "f1", "labels": [], "access": access });
        let answer = read(&server.guest(), film.clone()).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), "resource.labels");
        let batch = json!({ "action": "read", "resources": [with(&json!(null)), film] });
        let answer = server.guest().post("check/batch", &batch).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), "resources[1].labels");
    }
    let both = json!({ "type": "film", "id": "f1", "labels": [], "access": null });
    assert_snapshot!(read(&server.guest(), both).await, @r#"
    422
    {
      "code": "field_invalid",
      "detail": "Send either `labels` or `access`, not both.",
      "field": "resource.labels",
      "status": 422,
      "title": "A field or parameter is missing or invalid.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn any_access_is_accepted_and_read_as_elasticsearch_reads_it() {
    let server = TestServer::start().await;
    let labelled = |labels: Value| json!({ "labels": labels, "labelled_at": AT });
    for (access, code) in [
        (labelled(json!([])), "allowed"),
        (labelled(json!(["new"])), "label_denied"),
        (labelled(json!("new")), "label_denied"),
        (labelled(json!(["new", "new", 7, true, null])), "label_denied"),
        (labelled(json!(["x".repeat(300)])), "allowed"),
        (labelled(json!((0..1_000).map(|n| format!("l{n}")).collect::<Vec<_>>())), "allowed"),
        (labelled(json!({ "a": "new" })), "unlabelled"),
        (json!(null), "unlabelled"),
        (json!({}), "unlabelled"),
        (json!("new"), "unlabelled"),
        (json!(7), "unlabelled"),
        (json!([]), "unlabelled"),
        (json!({ "labels": [] }), "unlabelled"),
        (json!({ "labels": [], "labelled_at": null }), "unlabelled"),
        (json!({ "labels": [], "labelled_at": "yesterday" }), "unlabelled"),
        (json!({ "labels": [], "labelled_at": AT, "other": { "deep": [1] } }), "allowed"),
        (json!({ "labels": [], "labelled_at": AT, "until": 7 }), "unlabelled"),
    ] {
        let answer = read(&server.guest(), with(&access)).await.ok();
        assert_eq!(answer["reason"]["code"], code, "{access}");
    }
}

#[tokio::test]
async fn resources_other_than_films_have_the_labels_in_the_request() {
    let server = TestServer::start().await;
    let answer = async |thing: Value| read(&server.guest(), thing).await.ok()["reason"].clone();
    assert_eq!(answer(json!({ "type": "series", "id": "s1" })).await["code"], "allowed");
    let new = json!({ "type": "series", "id": "s1", "labels": ["new"] });
    assert_eq!(answer(new).await["code"], "label_denied");
}
