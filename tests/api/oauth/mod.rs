//! `/api/v1/oauth/…`, the operations for service clients.

mod introspect;
mod revoke;

use reqwest::{Method, RequestBuilder};
use tests::{Answer, Caller, TestServer, User};

/// The credentials of a service client, valid or not.
pub(crate) struct Client {
    pub guest: Caller,
    pub id: String,
    pub secret: String,
}

impl Client {
    /// A new client.
    async fn new(server: &TestServer, root: &User, name: &str) -> Self {
        Self::with_scopes(server, root, name, &["introspect"]).await
    }

    /// A new client with these scopes.
    pub(crate) async fn with_scopes(
        server: &TestServer,
        root: &User,
        name: &str,
        scopes: &[&str],
    ) -> Self {
        let new = serde_json::json!({ "name": name, "scopes": scopes });
        let made = root.post("clients", &new).await.ok();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Self { guest: server.guest(), id: text("id"), secret: text("secret") }
    }

    /// The same client at another server.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { guest: self.guest.at(url), id: self.id.clone(), secret: self.secret.clone() }
    }

    /// The request with the client's credentials.
    pub(crate) fn authenticated(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.id, Some(&self.secret))
    }

    async fn call(&self, what: &str, token: &str) -> Answer {
        self.form(what, &format!("token={}", escaped(token))).await
    }

    /// Sends this form to `introspect` or `revoke`.
    async fn form(&self, what: &str, form: &str) -> Answer {
        let request = self.guest.request(Method::POST, &format!("oauth/{what}"));
        let request = self.authenticated(request);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = self.guest.send(request.body(form.to_owned())).await;
        // RFC 6749, section 5.2: libraries read `error`.
        let error = match answer.status {
            200 => None,
            401 => Some("invalid_client"),
            403 => Some("unauthorized_client"),
            503 => Some("temporarily_unavailable"),
            _ => Some("invalid_request"),
        };
        if let Some(error) = error {
            assert_eq!(answer.json()["error"], error, "{answer:?}");
        }
        answer
    }

    async fn introspect(&self, token: &str) -> serde_json::Value {
        self.call("introspect", token).await.expect(200, "").json()
    }
}

/// Percent-encoded for a form.
fn escaped(text: &str) -> String {
    percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

const OPERATIONS: [&str; 2] = ["introspect", "revoke"];

#[tokio::test]
async fn only_an_authenticated_client_is_answered() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::new(&server, &root, "films").await;
    let other = Client::new(&server, &root, "other").await;
    let with = |id: &str, secret: &str| Client {
        guest: server.guest(),
        id: id.to_owned(),
        secret: secret.to_owned(),
    };
    for what in OPERATIONS {
        for wrong in [
            with(&client.id, "x"),
            with(&client.id, ""),
            with(&client.id, &other.secret),
            with(&client.id, &client.secret.to_lowercase()),
            with(&client.id, &client.secret[..45]),
            with("films", &client.secret),
            with("00000000-0000-4000-8000-000000000000", &client.secret),
            with("", ""),
        ] {
            let answer = wrong.call(what, root.token()).await.expect(401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
        }
        // A superuser's token is not a client's credentials.
        for caller in [&server.guest(), &root.caller] {
            let request = caller.request(Method::POST, &format!("oauth/{what}"));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = caller.send(request.body("token=x")).await;
            answer.expect(401, "invalid_client");
        }
    }
    root.get("me").await.expect(200, "");
    root.delete(&format!("clients/{}", client.id)).await.expect(204, "");
    for what in OPERATIONS {
        client.call(what, root.token()).await.expect(401, "invalid_client");
        other.call(what, "x").await.expect(200, "");
    }
}

#[tokio::test]
async fn a_client_needs_the_scope_introspect() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::with_scopes(&server, &root, "films", &["filter", "evaluate"]).await;
    for what in OPERATIONS {
        client.call(what, root.token()).await.expect(403, "insufficient_scope");
    }
    root.get("me").await.expect(200, "");
}

#[tokio::test]
async fn a_request_is_a_small_form_with_one_token() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::new(&server, &root, "films").await;
    for what in OPERATIONS {
        for form in ["", "tokem=x", "token=x&token=x", "{\"token\":\"x\"}", "token_type_hint=x"] {
            client.form(what, form).await.expect(400, "invalid_request");
        }
        for form in ["token=", "token=x&token_type_hint=none&more=1", "token=%00%FF+%", "&token=x"]
        {
            client.form(what, form).await.expect(200, "");
        }
        let just = format!("token={}", "x".repeat((64 << 10) - 6));
        client.form(what, &just).await.expect(200, "");
        client.form(what, &format!("{just}x")).await.expect(413, "body_too_large");
        for media_type in ["", "application/json", "multipart/form-data", "text/plain"] {
            let request = client.guest.request(Method::POST, &format!("oauth/{what}"));
            let request = request.basic_auth(&client.id, Some(&client.secret));
            let request = request.header("content-type", media_type).body("token=x");
            client.guest.send(request).await.expect(415, "media_type_unsupported");
        }
        let request = client.guest.request(Method::POST, &format!("oauth/{what}"));
        let request = request.basic_auth(&client.id, Some(&client.secret)).form(&[("token", "x")]);
        let request = request.header("content-encoding", "gzip");
        let answer = client.guest.send(request).await.expect(415, "encoding_unsupported");
        assert_eq!(answer.header("accept-encoding"), "identity");
    }
}
