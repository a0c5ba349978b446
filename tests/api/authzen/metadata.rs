//! `GET /.well-known/authzen-configuration`

use insta::assert_snapshot;
use tests::TestServer;
use tests::openapi::operations;

#[tokio::test]
async fn the_metadata_names_every_endpoint_by_its_public_url() {
    let server = TestServer::with(&[("AUTH_ISSUER", "https://auth.example")]).await;
    let answer = server.guest().get("/.well-known/authzen-configuration").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    assert_snapshot!(answer, @r#"
    200
    {
      "access_evaluation_endpoint": "https://auth.example/access/v1/evaluation",
      "access_evaluations_endpoint": "https://auth.example/access/v1/evaluations",
      "policy_decision_point": "https://auth.example",
      "search_action_endpoint": "https://auth.example/access/v1/search/action",
      "search_resource_endpoint": "https://auth.example/access/v1/search/resource",
      "search_subject_endpoint": "https://auth.example/access/v1/search/subject"
    }
    "#);
    let document = server.guest().get("/openapi.json").await.ok();
    let documented = operations(&document);
    for (name, url) in answer.json().as_object().unwrap() {
        let path = url.as_str().unwrap().strip_prefix("https://auth.example").unwrap();
        let exists = documented.iter().any(|operation| operation.matches("POST", path));
        assert_eq!(exists, name.ends_with("_endpoint"), "{name}");
    }
}

#[tokio::test]
async fn the_metadata_of_a_server_under_a_path_is_also_behind_the_well_known_path() {
    let server = TestServer::with(&[("AUTH_ISSUER", "https://films.example/auth/")]).await;
    let own = server.guest().get("/.well-known/authzen-configuration").await.ok();
    assert_eq!(own["policy_decision_point"], "https://films.example/auth");
    assert_eq!(
        own["access_evaluation_endpoint"],
        "https://films.example/auth/access/v1/evaluation"
    );
    let outside = server.guest().get("/.well-known/authzen-configuration/auth").await;
    assert_eq!(outside.ok(), own);
    let guest = server.guest();
    guest.get("/.well-known/authzen-configuration/other").await.expect(404, "not_found");
}
