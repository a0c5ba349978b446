//! The examples of docs/proxies in real proxies, in front of a real movie-api.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tests::program::{ETL_LABELER, MOVIE_API, Server};
use tests::{Caller, Index, KeptConnection, TestServer, User, free_address, until};

use crate::echo::Echo;
use crate::proxy::Proxy;

const SITE: &str = "films.example";

/// A kind of proxy with its example.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

/// The example, with other addresses.
fn example(text: &str, replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(text.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text.replace(old, new)
    })
}

fn port(address: &str) -> String {
    format!("port_value: {}", address.rsplit(':').next().unwrap())
}

impl Kind {
    /// A proxy on `address` that asks `auth` and passes on to `application`.
    fn start(self, address: &str, auth: &str, application: &str) -> Option<Proxy> {
        let servers = [("127.0.0.1:8080", auth), ("127.0.0.1:8000", application)];
        let with = |text, own: (&str, &str)| example(text, &[&[own][..], &servers].concat());
        match self {
            Self::Nginx => {
                let text = include_str!("../../docs/proxies/nginx.conf");
                Proxy::nginx(&with(text, ("listen 80", &format!("listen {address}"))))
            }
            Self::Caddy => {
                let text = include_str!("../../docs/proxies/Caddyfile");
                let port = address.rsplit(':').next().unwrap();
                let site = format!("http://{SITE}:{port} {{");
                let options = "{\nadmin off\nauto_https off\nstorage file_system FOLDER\n}\n";
                Proxy::caddy(&format!("{options}{}", with(text, ("films.example {", &site))))
            }
            Self::Traefik => {
                let text = include_str!("../../docs/proxies/traefik.yml");
                Proxy::traefik(address, &example(text, &servers))
            }
            Self::Envoy => {
                let text = include_str!("../../docs/proxies/envoy.yaml");
                let ports = [(80, address), (8080, auth), (8000, application)];
                let ports =
                    ports.map(|(old, new)| (format!("port_value: {old} "), port(new) + " "));
                let ports: Vec<_> = ports.iter().map(|(old, new)| (&**old, &**new)).collect();
                Proxy::envoy(&example(text, &ports))
            }
        }
    }
}

/// A proxy in front of an application.
struct Front {
    address: String,
    client: Client,
    _proxy: Proxy,
}

impl Front {
    /// A proxy that listens; none if it is not installed.
    async fn start(kind: Kind, auth: &str, application: &str) -> Option<Self> {
        let address = free_address();
        let [auth, application] = [auth, application].map(|url| url.trim_start_matches("http://"));
        let proxy = kind.start(&address, auth, application)?;
        let client = Client::builder().no_proxy().redirect(Policy::none());
        let client = client.resolve(SITE, address.parse().unwrap()).build().unwrap();
        let front = Self { address, client, _proxy: proxy };
        // Traefik listens before it has read its routes.
        until("the proxy asks", async || {
            let answer = front.request(Method::POST, "/", None).send().await;
            answer.is_ok_and(|answer| matches!(answer.status().as_u16(), 401 | 403))
        })
        .await;
        Some(front)
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let port = self.address.rsplit(':').next().unwrap();
        let request = self.client.request(method, format!("http://{SITE}:{port}{path}"));
        token.into_iter().fold(request, RequestBuilder::bearer_auth)
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Response {
        self.request(Method::GET, path, token).send().await.unwrap()
    }

    /// The status of a request whose path is sent as it is.
    async fn raw(&self, path: &str, token: &str) -> u16 {
        let mut connection = KeptConnection::to(&self.address).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {SITE}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        connection.send(head).await;
        connection.response().await.0
    }
}

/// A movie-api with one film, for this auth-server.
fn movie_api(auth: &str) -> (Server, String, Index) {
    let index = Index::new();
    let film = json!({ "id": "old", "title": "Old", "release_date": "1994-09-23" });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("films.ndjson");
    std::fs::write(&path, film.to_string()).unwrap();
    let films = [("ELASTICSEARCH_URL", &*index.server), ("FILMS_INDEX", &index.name)];
    for arguments in [&["import", path.to_str().unwrap()][..], &["once"]] {
        let ran = ETL_LABELER.run(arguments, &films, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
    let own = [("MOVIE_LISTEN", "127.0.0.1:0"), ("MOVIE_OPS_LISTEN", ""), ("AUTH_URL", auth)];
    let mut movie = MOVIE_API.serve(&[&films[..], &own].concat());
    let url = movie.url("api");
    (movie, url, index)
}

/// An auth-server that trusts this machine as a proxy, and its users.
struct Auth {
    server: TestServer,
    /// May see the genres.
    critic: User,
    /// May see what guests may see.
    user: User,
}

impl Auth {
    async fn start() -> Self {
        let server = TestServer::with(&[("AUTH_TRUSTED_PROXIES", "127.0.0.1")]).await;
        let root = server.superuser().await;
        root.post("roles", &json!({ "name": "critic" })).await.expect(201, "");
        for (priority, role, path, action, effect) in [
            (100, "critic", "/genres*", "*", "allow"),
            (200, "anonymous", "/genres*", "*", "deny"),
            (300, "anonymous", "/*", "GET", "allow"),
        ] {
            let rule = json!({
                "priority": priority, "role": role, "resource": format!("web:{SITE}{path}"),
                "action": action, "effect": effect,
            });
            root.post("rules", &rule).await.expect(201, "");
        }
        let (critic, user) = (server.register("grace").await, server.register("ada").await);
        for role in ["subscriber", "critic"] {
            let path = format!("users/{}/roles/{role}", critic.id);
            root.put(&path, &Value::Null).await.expect(200, "");
        }
        Self { server, critic, user }
    }
}

async fn behind(kind: Kind) {
    let auth = Auth::start().await;
    let (_movie, movie_url, _index) = movie_api(&auth.server.url);
    let Some(films) = Front::start(kind, &auth.server.url, &movie_url).await else { return };
    only_what_the_rules_allow_passes(&films, &auth).await;

    let echo = Echo::start().await;
    let application = Front::start(kind, &auth.server.url, &echo.url).await.unwrap();
    identity_is_what_auth_server_states(&application, &auth).await;
    let passed = echo.requests();
    no_spelling_of_a_closed_path_passes(&application, &auth.user).await;
    // Traefik asks about the normal form of a path, and passes that on.
    if kind != Kind::Traefik {
        no_spelling_of_a_closed_path_passes(&application, &auth.critic).await;
    }
    assert_eq!(echo.requests(), passed);
    assert_eq!(application.raw("/genres/drama", auth.critic.token()).await, 200);

    let stranger = auth.server.replica(&[("AUTH_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let untrusted = Front::start(kind, &stranger.url, &echo.url).await.unwrap();
    assert_eq!(untrusted.get("/movies", Some(auth.critic.token())).await.status(), 403);

    drop(auth.server);
    let status = async |front: &Front, token| front.get("/movies", token).await.status().as_u16();
    until("auth-server is down", async || status(&application, None).await >= 500).await;
    let passed = echo.requests();
    for token in [None, Some(auth.critic.token())] {
        for front in [&films, &application] {
            assert!(status(front, token).await >= 500);
        }
    }
    assert_eq!(echo.requests(), passed, "a request passed without a decision");
}

async fn only_what_the_rules_allow_passes(films: &Front, auth: &Auth) {
    let list = films.get("/movies", None).await;
    assert_eq!(list.status(), 200);
    let list: Value = list.json().await.unwrap();
    assert_eq!((&list["total"], &list["items"][0]["id"]), (&json!(1), &json!("old")));
    assert_eq!(films.get("/movies?query=//", Some(auth.user.token())).await.status(), 200);
    assert_eq!(films.request(Method::HEAD, "/movies", None).send().await.unwrap().status(), 200);

    let denied = films.get("/genres", None).await;
    assert_eq!((denied.status().as_u16(), &*challenge(&denied)), (401, "Bearer"));
    let denied =
        films.request(Method::POST, "/movies", None).json(&json!({})).send().await.unwrap();
    assert_eq!((denied.status().as_u16(), &*challenge(&denied)), (401, "Bearer"));
    let invalid = films.get("/movies", Some("a.b.c")).await;
    assert_eq!(invalid.status(), 401);
    assert!(challenge(&invalid).contains("invalid_token"), "{invalid:?}");
    assert_eq!(films.get("/genres", Some(auth.user.token())).await.status(), 403);
    assert_eq!(films.get("/genres", Some(auth.critic.token())).await.status(), 200);
}

fn challenge(response: &Response) -> String {
    let header = response.headers().get("www-authenticate");
    header.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

/// What a client makes up, about itself and about its request.
const FORGED: [(&str, &str); 12] = [
    ("X-Auth-User", "root"),
    ("x-auth-user", "root"),
    ("X-Auth-Roles", "superuser"),
    ("X_Auth_User", "root"),
    ("X_Auth_Roles", "superuser"),
    ("X-Original-Method", "GET"),
    ("X-Original-URI", "/movies"),
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Uri", "/movies"),
    ("X-Forwarded-Host", "other.example"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Subject-Token", "root"),
];

async fn identity_is_what_auth_server_states(application: &Front, auth: &Auth) {
    let Auth { critic, user, .. } = auth;
    let forged = |method, path, caller: &Caller| {
        let token = caller.has_token().then(|| caller.token());
        let request = application.request(method, path, token);
        FORGED.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    for (caller, id, roles) in [
        (&auth.server.guest(), "", ""),
        (&user.caller, &*user.id, ""),
        (&critic.caller, &*critic.id, "critic,subscriber"),
    ] {
        let plain =
            application.get("/a%20b/%C3%A9?c=%2F", caller.has_token().then(|| caller.token()));
        let forged = forged(Method::GET, "/a%20b/%C3%A9?c=%2F", caller).send();
        for answer in [plain.await, forged.await.unwrap()] {
            assert_eq!(answer.status(), 200);
            let seen: Value = answer.json().await.unwrap();
            assert_eq!(seen["target"], "/a%20b/%C3%A9?c=%2F");
            assert_eq!((&*identity(&seen, "user"), &*identity(&seen, "roles")), (id, roles));
        }
    }
    let request = forged(Method::GET, "/genres", &auth.server.guest());
    assert_eq!(request.send().await.unwrap().status(), 401);
    let request = forged(Method::POST, "/movies", user);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

/// All that the application sees of a header, in either spelling.
fn identity(seen: &Value, name: &str) -> String {
    let values =
        ["x-auth-", "x_auth_"].map(|prefix| seen["headers"][format!("{prefix}{name}")].clone());
    let values = values.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" ")
}

async fn no_spelling_of_a_closed_path_passes(application: &Front, user: &User) {
    for path in [
        "//genres",
        "/genres//",
        "/movies/../genres",
        "/movies/%2e%2e/genres",
        "/movies/%2E./genres",
        "/./genres",
        "/movies%2Fgenres",
        "/movies/..%2fgenres",
        "/movies%5Cgenres",
        "/movies\\genres",
        "/genres;x=1",
        "/movies/..;/genres",
        "/genres%00",
        "/genres%0a",
        "/genres%ff",
        "/%C0%AE%C0%AE/genres",
        "/genres%",
        "/genres%zz",
    ] {
        // A proxy may refuse it before it asks.
        let status = application.raw(path, user.token()).await;
        assert!(matches!(status, 400 | 403), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_lets_pass_what_the_rules_allow() {
    behind(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_lets_pass_what_the_rules_allow() {
    behind(Kind::Caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traefik_lets_pass_what_the_rules_allow() {
    behind(Kind::Traefik).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_lets_pass_what_the_rules_allow() {
    behind(Kind::Envoy).await;
}
