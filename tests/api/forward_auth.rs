//! `/forward-auth`

use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::{Answer, Caller, KeptConnection, TestServer, User, until};

use crate::roles::create_role;
use crate::rules::rule;
use crate::users::{grant, revoke};

const HOST: &str = "films.example";

/// A server that this test may ask as a proxy.
async fn trusting(more: &[(&str, &str)]) -> TestServer {
    TestServer::with(&[&[("AUTH_TRUSTED_PROXIES", "127.0.0.1")][..], more].concat()).await
}

/// Guests may read the site except for its administration, which editors may read and change.
async fn open_site(root: &User) {
    create_role(root, "editor", &[]).await;
    for rule in [
        rule(100, "editor", "web:films.example/admin*", "*", "allow"),
        rule(200, "anonymous", "web:films.example/admin*", "*", "deny"),
        rule(300, "anonymous", "web:films.example/*", "GET", "allow"),
    ] {
        root.post("rules", &rule).await.expect(201, "");
    }
}

/// How nginx asks.
fn nginx(caller: &Caller, method: &str, target: &str) -> RequestBuilder {
    let request = caller.request(Method::GET, "/forward-auth").header("host", HOST);
    request.header("x-original-method", method).header("x-original-uri", target)
}

/// How Caddy and Traefik ask.
fn caddy(caller: &Caller, method: &str, target: &str) -> RequestBuilder {
    let request = caller.request(Method::GET, "/forward-auth");
    let request = request.header("x-forwarded-method", method).header("x-forwarded-uri", target);
    request.header("x-forwarded-host", format!("{HOST}:443")).header("x-forwarded-proto", "https")
}

/// How Envoy asks.
fn envoy(caller: &Caller, method: &str, target: &str) -> RequestBuilder {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    caller.request(method, &format!("/forward-auth/envoy{target}")).header("host", HOST)
}

async fn ask(caller: &Caller, method: &str, target: &str) -> Answer {
    caller.send(nginx(caller, method, target)).await
}

#[tokio::test]
async fn the_status_says_whether_a_request_may_pass_and_the_headers_who_sent_it() {
    let server = trusting(&[]).await;
    let (root, user, guest) =
        (server.superuser().await, server.register("ada").await, server.guest());
    open_site(&root).await;
    let passed = ask(&guest, "GET", "/movies?page=1").await.expect(200, "");
    assert_eq!((passed.header("x-auth-user"), passed.header("x-auth-roles")), ("", ""));
    assert!(passed.headers.contains_key("x-auth-user"), "so that a proxy replaces a forged one");
    assert!(passed.headers.contains_key("x-auth-roles"), "so that a proxy replaces a forged one");
    assert_eq!((passed.text.as_str(), passed.header("cache-control")), ("", "no-store"));

    let denied = ask(&guest, "GET", "/admin/users").await.expect(401, "token_missing");
    assert_eq!(denied.header("www-authenticate"), "Bearer");
    for token in ["nonsense", &user.refresh_token] {
        let invalid = ask(&guest.with_token(token), "GET", "/movies").await;
        assert_eq!(invalid.status, 401, "an invalid token is not a guest: {invalid:?}");
        assert!(invalid.header("www-authenticate").contains("invalid_token"), "{invalid:?}");
    }

    let passed = ask(&user, "HEAD", "/movies").await.expect(200, "");
    assert_eq!((passed.header("x-auth-user"), passed.header("x-auth-roles")), (&*user.id, ""));
    assert_snapshot!(ask(&user, "HEAD", "/%61dmin/users?x").await, @r#"
    403
    {
      "code": "forbidden",
      "missing": {
        "action": "GET",
        "resource": "web:films.example/admin/users"
      },
      "status": 403,
      "title": "You are not authorized to do this.",
      "type": "about:blank"
    }
    "#);
    ask(&user, "POST", "/movies").await.expect(403, "forbidden");
    let passed = ask(&root, "DELETE", "/admin/users").await.expect(200, "");
    assert_eq!(passed.header("x-auth-roles"), "superuser");
}

#[tokio::test]
async fn every_kind_of_proxy_gets_the_decision_of_check() {
    let server = trusting(&[]).await;
    let (root, editor, user) =
        (server.superuser().await, server.register("grace").await, server.register("ada").await);
    open_site(&root).await;
    grant(&root, &editor.id, "editor").await;
    for caller in [&server.guest(), &user.caller, &editor.caller, &root.caller] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
            for path in ["/", "/movies/tt1", "/admin", "/admin/users", "/administration", "/%C3%A9"]
            {
                let id = format!("{HOST}{}", path.replace("%C3%A9", "é"));
                let check = json!({ "action": method, "resource": { "type": "web", "id": id } });
                let allowed = caller.post("check", &check).await.ok()["allowed"].clone();
                let expected = match (allowed == Value::Bool(true), caller.has_token()) {
                    (true, _) => 200,
                    (false, true) => 403,
                    (false, false) => 401,
                };
                let forms =
                    [nginx, caddy, envoy].map(|form| caller.send(form(caller, method, path)));
                for answer in join_all(forms).await {
                    assert_eq!(answer.status, expected, "{method} {path}: {answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_open_until_a_rule_opens_it() {
    let server = trusting(&[]).await;
    let (guest, user) = (server.guest(), server.register("ada").await);
    for method in ["GET", "HEAD", "POST"] {
        ask(&guest, method, "/").await.expect(401, "token_missing");
        ask(&user, method, "/").await.expect(403, "forbidden");
    }
}

#[tokio::test]
async fn rules_on_other_applications_do_not_open_this_server() {
    let server = trusting(&[]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    root.post("rules", &rule(10, "anonymous", "web:*", "*", "allow")).await.expect(201, "");
    ask(&user, "GET", "/api/v1/rules").await.expect(200, "");
    user.get("rules").await.expect(403, "forbidden");
    server.guest().get("rules").await.expect(401, "token_missing");
}

#[tokio::test]
async fn grants_apply_to_the_next_request_and_roles_are_sorted() {
    let server = trusting(&[]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    open_site(&root).await;
    ask(&user, "GET", "/admin").await.expect(403, "forbidden");
    for role in ["subscriber", "editor"] {
        grant(&root, &user.id, role).await;
    }
    let passed = ask(&user, "GET", "/admin").await.expect(200, "");
    assert_eq!(passed.header("x-auth-roles"), "editor,subscriber");
    revoke(&root, &user.id, "editor").await;
    ask(&user, "GET", "/admin").await.expect(403, "forbidden");
    user.log_out().await.expect(204, "");
    ask(&user, "GET", "/movies").await.expect(401, "token_revoked");
}

#[tokio::test]
async fn only_a_trusted_proxy_may_ask() {
    let server = TestServer::with(&[("AUTH_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let root = server.superuser().await;
    for form in [nginx, caddy, envoy] {
        let request = form(&root, "GET", "/").header("x-forwarded-for", "10.0.0.1");
        root.send(request).await.expect(403, "proxy_not_trusted");
    }
}

/// A request of nginx with other headers: those of this name replaced by these values.
fn with(caller: &Caller, name: &str, values: &[&str]) -> RequestBuilder {
    let mut request = caller.request(Method::GET, "/forward-auth");
    let form = [("host", HOST), ("x-original-method", "GET"), ("x-original-uri", "/")];
    for (other, value) in form.into_iter().filter(|(other, _)| *other != name) {
        request = request.header(other, value);
    }
    values.iter().fold(request, |request, value| request.header(name, *value))
}

#[tokio::test]
async fn an_original_request_that_is_not_stated_once_is_refused() {
    let server = trusting(&[]).await;
    let root = server.superuser().await;
    for (name, values) in [
        ("x-original-method", &[][..]),
        ("x-original-method", &["GET", "GET"]),
        ("x-original-method", &["get"]),
        ("x-original-uri", &[]),
        ("x-original-uri", &["/", "/"]),
        ("x-forwarded-method", &["GET"]),
        ("x-forwarded-uri", &["/"]),
        ("x-forwarded-host", &["other.example"]),
        ("x-forwarded-host", &[HOST, HOST]),
        ("host", &["films.example."]),
        ("host", &["films.example/admin"]),
    ] {
        let answer = root.send(with(&root, name, values)).await;
        assert!(!answer.expect(403, "original_request_invalid").string("detail").is_empty());
    }
    root.send(with(&root, "x-forwarded-host", &["FILMS.example:80"])).await.expect(200, "");
    let nothing = root.request(Method::GET, "/forward-auth");
    assert_snapshot!(root.send(nothing).await, @r#"
    403
    {
      "code": "original_request_invalid",
      "detail": "The proxy sends neither X-Original-Method and X-Original-URI nor X-Forwarded-Method, X-Forwarded-Host and X-Forwarded-Uri.",
      "status": 403,
      "title": "Method, host or path of the original request is missing, repeated, contradictory or invalid.",
      "type": "about:blank"
    }
    "#);
}

const AMBIGUOUS: [&str; 16] = [
    "//",
    "//admin",
    "/public//admin",
    "/public/../admin",
    "/public/%2e%2E/admin",
    "/./admin",
    "/public%2Fadmin",
    "/public%2fadmin",
    "/public%5Cadmin",
    "/public\\admin",
    "/admin%00",
    "/admin%0a",
    "/%ff",
    "/%C0%AFadmin",
    "/admin%",
    "/admin;x",
];

#[tokio::test]
async fn an_ambiguous_path_is_refused_for_every_caller() {
    let server = trusting(&[]).await;
    let root = server.superuser().await;
    for path in AMBIGUOUS {
        for form in [nginx, caddy] {
            root.send(form(&root, "GET", path)).await.expect(403, "path_ambiguous");
        }
        // Byte by byte, as a library for clients would tidy the path up.
        let mut connection = KeptConnection::to(&server.url).await;
        let authorization = format!("Authorization: Bearer {}", root.token());
        let head = format!(
            "GET /forward-auth/envoy{path} HTTP/1.1\r\nHost: {HOST}\r\n{authorization}\r\n\r\n"
        );
        connection.send(head).await;
        let status = connection.response().await.0;
        assert!(matches!(status, 400 | 403), "{path}: {status}");
    }
    let latin1 = HeaderValue::from_bytes(b"/\xff").unwrap();
    let latin1 = with(&root, "x-original-uri", &[]).header("x-original-uri", latin1);
    root.send(latin1).await.expect(403, "path_ambiguous");
    assert_snapshot!(ask(&root, "GET", "/a/../b").await, @r#"
    403
    {
      "code": "path_ambiguous",
      "detail": "The path contains a segment `.` or `..`.",
      "status": 403,
      "title": "Applications may read the path of the original request differently.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_preflight_for_another_application_is_not_answered_for_it() {
    let server = trusting(&[("AUTH_CORS_ORIGINS", "https://films.example")]).await;
    let guest = server.guest();
    let preflight = |request: RequestBuilder| {
        request
            .header("origin", "https://films.example")
            .header("access-control-request-method", "DELETE")
    };
    // As Traefik asks with `preserveRequestMethod`.
    let traefik = guest.request(Method::OPTIONS, "/forward-auth").header("x-forwarded-uri", "/");
    let traefik = traefik.header("x-forwarded-method", "OPTIONS").header("x-forwarded-host", HOST);
    for request in [traefik, envoy(&guest, "OPTIONS", "/")] {
        let answer = guest.send(preflight(request)).await.expect(401, "token_missing");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let root = server.superuser().await;
    root.post("rules", &rule(9, "anonymous", "web:*", "OPTIONS", "allow")).await.expect(201, "");
    guest.send(preflight(envoy(&guest, "OPTIONS", "/"))).await.expect(200, "");
}

#[tokio::test]
async fn proxies_are_answered_from_memory_and_counted_as_decisions() {
    let server = trusting(&[("REDIS_URL", "")]).await;
    let (root, user, guest) =
        (server.superuser().await, server.register("ada").await, server.guest());
    open_site(&root).await;
    server.database.refuse_connections().await;
    until("unavailable", async || user.get("me").await.status == 503).await;
    let before = server.metrics().await;
    ask(&guest, "GET", "/").await.expect(200, "");
    ask(&user, "GET", "/admin").await.expect(403, "forbidden");
    let body = guest.request(Method::POST, "/forward-auth/envoy/a/b?c").header("host", HOST);
    guest.send(body.body("x".repeat(1_000))).await.expect(401, "token_missing");
    let after = server.metrics().await;
    let count = |metrics: &str, sample: &str| -> u64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(sample));
        line.map_or(0, |number| number.trim().parse().unwrap())
    };
    for (sample, more) in [
        ("auth_decisions_total{outcome=\"allowed\"}", 1),
        ("auth_decisions_total{outcome=\"denied\"}", 2),
        ("auth_http_requests_total{method=\"GET\",route=\"/forward-auth\",status=\"200\"}", 1),
        ("auth_http_requests_total{method=\"POST\",route=\"/forward-auth\",status=\"401\"}", 1),
    ] {
        assert_eq!(count(&after, sample), count(&before, sample) + more, "{sample}\n{after}");
    }
    assert!(!after.contains("a/b"), "a path of another application is no label");
    server.database.accept_connections().await;
}
