//! Libraries with which other services accept access tokens: authlib, oauth4webapi, openid-client.

use std::process::Stdio;

use serde_json::{Value, json};
use tests::{TestServer, free_address, setting};
use tokio::process::Command;

/// A server under its own address as issuer, a user's token, and what the script says about them.
async fn check(program: &str, script: &str) -> (Value, Value) {
    let address = free_address();
    let issuer = format!("http://{address}");
    let server = TestServer::with(&[("AUTH_ISSUER", &issuer), ("AUTH_LISTEN", &address)]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client =
        root.post("clients", &json!({ "name": "films", "scopes": ["introspect"] })).await.ok();
    let script = format!("{}/field/oauth-libraries/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program);
    command.arg(script).stdin(Stdio::null()).env("ISSUER", &issuer).env("AUDIENCE", "films");
    command.env("OAUTH_LIBRARIES", setting("OAUTH_LIBRARIES")).env("TOKEN", user.token());
    command.env("CLIENT_ID", client["id"].as_str().unwrap());
    command.env("CLIENT_SECRET", client["secret"].as_str().unwrap());
    let output = command.output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{error}"));
    (said, json!(user.id))
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth4webapi_and_openid_client_accept_a_token_until_its_session_ends() {
    let (said, user) = check("node", "check.mjs").await;
    assert_eq!((&said["offline"]["sub"], &said["active"]["sub"]), (&user, &user), "{said}");
    assert_eq!(said["offline"]["client_id"], said["active"]["client_id"], "{said}");
    assert_eq!(said["refused"], "OAUTH_WWW_AUTHENTICATE_CHALLENGE", "{said}");
    assert_eq!(
        (&said["before"]["sub"], &said["after"]),
        (&user, &json!({ "active": false })),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_accepts_a_token_and_reads_the_error() {
    let (said, user) = check(&setting("AUTHLIB"), "check.py").await;
    assert_eq!((&said["offline"]["sub"], &said["active"]["sub"]), (&user, &user), "{said}");
    assert_eq!(said["refused"]["error"], "invalid_client", "{said}");
}
