//! A server that nginx or Caddy publishes under a path: `AUTH_ISSUER=https://host/auth`.

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::Value;
use tests::oidc::OidcSite;
use tests::{free_address, until};

use crate::proxy::Proxy;

const NGINX: &str = "large_client_header_buffers 8 64k;
    server {
        listen ADDRESS;
        location /auth/ { proxy_pass http://SERVER/; }
        location = /.well-known/oauth-authorization-server/auth { proxy_pass http://SERVER; }
    }";

// Over HTTP/2 to the server.
const CADDY: &str = "{
    admin off
    auto_https off
    storage file_system FOLDER
}
http://ADDRESS {
    handle_path /auth/* {
        reverse_proxy h2c://SERVER
    }
    reverse_proxy /.well-known/oauth-authorization-server/auth h2c://SERVER
}";

async fn behind(start: impl Fn(&str) -> Option<Proxy>, text: &str) {
    let address = free_address();
    let public = format!("http://{address}");
    let site = OidcSite::with(&[("AUTH_ISSUER", &format!("{public}/auth"))]).await;
    let server = site.server.url.trim_start_matches("http://");
    let text = text.replace("ADDRESS", &address).replace("SERVER", server);
    let Some(proxy) = start(&text) else { return };
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let get = async |path: &str| -> Response {
        let url = Url::parse(&public).unwrap().join(path).unwrap();
        client.get(url).send().await.unwrap()
    };
    until("the proxy listens", async || client.get(&public).send().await.is_ok()).await;

    let providers: Value = get("/auth/api/v1/auth/oidc").await.json().await.unwrap();
    let start = providers["items"][0]["start"].as_str().unwrap();
    assert_eq!(start, "/auth/api/v1/auth/oidc/hostile/start");
    assert_eq!(get(start).await.status(), 303);

    // What clients and *Try it out* put before the paths of the document.
    let document: Value = get("/auth/openapi.json").await.json().await.unwrap();
    let base = document["servers"][0]["url"].as_str().unwrap();
    for path in ["/health/live", "/api/v1/auth/oidc", "/.well-known/jwks.json"] {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
        assert_eq!(get(&format!("{base}{path}")).await.status(), 200, "{path}");
    }
    // The page loads its script and the document by paths that are relative to its own.
    let page = get("/auth/docs").await.text().await.unwrap();
    assert!(page.contains(r#"<script src="docs/page.js""#));
    let script = get("/auth/docs/page.js").await.text().await.unwrap();
    assert!(script.contains(r#"url: "openapi.json""#));
    let home = get("/auth/").await;
    assert_eq!(home.status(), 303);
    assert_eq!(home.headers()["location"], "docs");

    let metadata = get("/.well-known/oauth-authorization-server/auth").await;
    let metadata: Value = metadata.json().await.unwrap();
    assert_eq!(metadata["issuer"], format!("{public}/auth"));
    assert_eq!(get(metadata["jwks_uri"].as_str().unwrap()).await.status(), 200);

    // One limit of headers, over HTTP/1.1 (nginx) and HTTP/2 (Caddy).
    for (kilobytes, status) in [(17, 200), (33, 431)] {
        let request = client.get(format!("{public}/auth/health/live"));
        let large = request.header("x-large", "a".repeat(kilobytes << 10)).send().await.unwrap();
        assert_eq!(large.status(), status, "{kilobytes} KiB");
    }
    drop(proxy);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_works_behind_nginx() {
    behind(Proxy::nginx, NGINX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_works_behind_caddy() {
    behind(Proxy::caddy, CADDY).await;
}
