//! The reasons of decisions.

use insta::assert_snapshot;
use serde_json::json;
use tests::{Answer, Caller, TestServer};

use super::{film, read};
use crate::roles::create_role;
use crate::rules::create_rule;
use crate::users::grant;

#[tokio::test]
async fn a_guest_may_read_whatever_no_rule_forbids() {
    let server = TestServer::start().await;
    let guest = server.guest();
    assert_snapshot!(read(&guest, film(&[])).await, @r#"
    200
    {
      "allowed": true,
      "reason": {
        "code": "allowed"
      },
      "revision": 1,
      "valid_until": null
    }
    "#);
    assert_snapshot!(read(&guest, film(&["new", "adult"])).await, @r#"
    200
    {
      "allowed": false,
      "reason": {
        "code": "label_denied",
        "label": "new"
      },
      "revision": 1,
      "valid_until": null
    }
    "#);
    assert_snapshot!(read(&guest, json!({ "type": "film", "id": "f1" })).await, @r#"
    200
    {
      "allowed": false,
      "reason": {
        "code": "labels_missing"
      },
      "revision": 1,
      "valid_until": null
    }
    "#);
    assert_snapshot!(
        read(&guest, json!({ "type": "film", "id": "f1", "access": null })).await, @r#"
        200
        {
          "allowed": false,
          "reason": {
            "code": "unlabelled"
          },
          "revision": 1,
          "valid_until": null
        }
        "#);
    let write = json!({ "action": "write", "resource": film(&[]) });
    assert_snapshot!(guest.post("check", &write).await, @r#"
    200
    {
      "allowed": false,
      "reason": {
        "code": "no_rule"
      },
      "revision": 1,
      "valid_until": null
    }
    "#);
}

#[tokio::test]
async fn a_rule_on_the_film_itself_denies_it() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_rule(&root, 50, "anonymous", "film:f1", "deny").await;
    assert_eq!(reason(&read(&server.guest(), film(&[])).await), (false, "denied_by_rule".into()));
    let other = json!({ "type": "film", "id": "f2", "labels": [] });
    assert_eq!(reason(&read(&server.guest(), other).await), (true, "allowed".into()));
}

#[tokio::test]
async fn an_allow_that_names_the_film_overrides_a_later_deny_of_a_label() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let by_name = (true, "allowed_by_name".to_owned());
    let denied = (false, "label_denied".to_owned());
    create_rule(&root, 150, "anonymous", "film:f1", "allow").await;
    assert_eq!(reason(&read(&server.guest(), film(&["new"])).await), by_name);
    // A prefix does not name the film, and an earlier deny of a label still wins.
    create_rule(&root, 160, "anonymous", "film:g*", "allow").await;
    let other = json!({ "type": "film", "id": "g1", "labels": ["new"] });
    assert_eq!(reason(&read(&server.guest(), other).await), denied);
    create_rule(&root, 140, "anonymous", "label:adult", "deny").await;
    assert_eq!(reason(&read(&server.guest(), film(&["new", "adult"])).await), denied);
    assert_eq!(reason(&read(&server.guest(), film(&["new"])).await), by_name);
}

#[tokio::test]
async fn admins_also_see_the_rule_the_role_and_the_inheritance_path() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    assert_snapshot!(read(&root, film(&["new"])).await, @r#"
    200
    {
      "allowed": true,
      "reason": {
        "code": "allowed",
        "path": [
          "superuser"
        ],
        "role": "superuser",
        "rule": {
          "action": "*",
          "builtin": true,
          "description": "",
          "effect": "allow",
          "id": 1,
          "priority": 0,
          "resource": "*",
          "role": "superuser"
        }
      },
      "revision": 2,
      "valid_until": null
    }
    "#);
    create_role(&root, "auditor", &["subscriber"]).await;
    let rules = crate::rules::rule(60, "auditor", "route:/api/v1/rules*", "GET", "allow");
    root.post("rules", &rules).await.expect(201, "");
    grant(&root, &user.id, "auditor").await;
    let answer = read(&user, film(&["new"])).await;
    let asked = json!({ "action": "read", "resource": { "type": "label", "id": "new" } });
    let reason = &user.post("check", &asked).await.ok()["reason"];
    assert_eq!(reason["path"], json!(["auditor", "subscriber"]), "{answer}");
    assert_eq!((&reason["role"], &reason["rule"]["id"]), (&json!("subscriber"), &json!(3)));
}

#[tokio::test]
async fn callers_without_the_right_to_read_rules_see_only_a_code() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for caller in [&server.guest(), &user.caller] {
        let answer = read(caller, film(&["new"])).await;
        assert_eq!(answer.ok()["reason"], json!({ "code": "label_denied", "label": "new" }));
    }
}

#[tokio::test]
async fn an_invalid_name_is_a_name_that_no_rule_mentions() {
    let server = TestServer::start().await;
    let guest = server.guest();
    for id in ["", "*", "f*", "../..", "a b", "\u{202e}", "'; --", &"x".repeat(10_000), "film:f1"] {
        let film = json!({ "type": "film", "id": id, "labels": ["no such label", "", "*"] });
        assert_eq!(reason(&read(&guest, film).await), (true, "allowed".into()), "{id}");
    }
    for kind in ["", "*", "FILM", "film:f1", "route", "label", "user", "é", "film*"] {
        let thing = json!({ "type": kind, "id": "x" });
        read(&guest, thing).await.expect(200, "");
    }
    for action in ["", "*", "READ", "read*", "GET", "\u{7f}"] {
        let body = json!({ "action": action, "resource": film(&[]) });
        assert_eq!(
            reason(&guest.post("check", &body).await),
            (false, "no_rule".into()),
            "{action}"
        );
    }
}

fn reason(answer: &Answer) -> (bool, String) {
    let answer = answer.ok();
    let code = answer["reason"]["code"].as_str().unwrap().to_owned();
    (answer["allowed"].as_bool().unwrap(), code)
}

#[tokio::test]
async fn a_subscriber_may_read_new_films_and_the_superuser_every_film() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let user = server.register("ada").await;
    grant(&root, &user.id, "subscriber").await;
    let allowed = async |caller: &Caller, labels: &[&str]| {
        read(caller, film(labels)).await.ok()["allowed"].as_bool().unwrap()
    };
    assert!(allowed(&user, &["new"]).await);
    assert!(allowed(&user, &["new", "adult"]).await);
    assert!(!read(&user, json!({ "type": "film" })).await.ok()["allowed"].as_bool().unwrap());
    assert!(allowed(&root, &["new", "adult", "upcoming"]).await);
    assert!(read(&root, json!({ "type": "film" })).await.ok()["allowed"].as_bool().unwrap());
    for action in ["write", "DELETE", "anything at all"] {
        let body = json!({ "action": action, "resource": { "type": "film", "id": "f1" } });
        assert_eq!(root.post("check", &body).await.ok()["allowed"], true);
        assert_eq!(user.post("check", &body).await.ok()["allowed"], false);
    }
}
