//! A film site: films, auth-server and movie-api, all its own.

use std::fs;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::films;
use crate::program::{Program, run_well};
use crate::store::{Database, Index};

const SUPERUSER: &str = "root";
pub const PASSWORD: &str = "correct horse battery staple 17";

/// Everything that one test talks to.
pub struct Site {
    pub movie: Program,
    pub auth: Program,
    pub index: Index,
    database: Database,
}

impl Site {
    /// A site with labelled films and a superuser.
    pub async fn open() -> Self {
        let (database, index) = (Database::create().await, Index::new());
        let settings = auth_settings(&database, "127.0.0.1:0");
        let settings = borrowed(&settings);
        run_well("auth-server", &["migrate"], &settings, "");
        run_well("auth-server", &["superuser", "create", SUPERUSER], &settings, PASSWORD);
        let auth = Program::serve("auth-server", &settings);
        import(&index);
        let movie = movie(&index, &auth.url, &[]);
        Self { movie, auth, index, database }
    }

    /// Another movie-api for the same films and the same auth-server.
    pub fn another(&self, settings: &[(&str, &str)]) -> Program {
        movie(&self.index, &self.auth.url, settings)
    }

    /// Starts auth-server again at the address that it had.
    pub fn restart_auth(&mut self) {
        let address = self.auth.url.trim_start_matches("http://").to_owned();
        let settings = auth_settings(&self.database, &address);
        self.auth = Program::serve("auth-server", &borrowed(&settings));
    }

    /// Asks movie-api.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        get(&self.movie.url, path, token).await
    }

    /// Asks auth-server.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Answer {
        let request = Client::new().request(method, format!("{}/api/v1/{path}", self.auth.url));
        send(request.json(body), token).await
    }

    /// The access token of the superuser.
    pub async fn superuser(&self) -> String {
        self.login(SUPERUSER).await
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A header, empty if it isn't there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}

/// `GET` at any server.
pub async fn get(server: &str, path: &str, token: Option<&str>) -> Answer {
    send(Client::new().get(format!("{server}{path}")), token).await
}

pub async fn send(mut request: RequestBuilder, token: Option<&str>) -> Answer {
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// A movie-api in front of any auth-server.
pub fn movie(index: &Index, auth_url: &str, settings: &[(&str, &str)]) -> Program {
    let mut all = vec![
        ("MOVIE_LISTEN", "127.0.0.1:0"),
        ("OPS_LISTEN", "127.0.0.1:0"),
        ("AUTH_URL", auth_url),
        ("ELASTICSEARCH_URL", &index.server),
        ("FILMS_INDEX", &index.name),
    ];
    all.extend(settings);
    Program::serve("movie-api", &all)
}

fn auth_settings(database: &Database, address: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database.url.clone()),
        ("AUTH_SECRET", "0123456789abcdef".repeat(4)),
        ("AUTH_LISTEN", address.to_owned()),
        ("OPS_LISTEN", "127.0.0.1:0".to_owned()),
    ]
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn import(index: &Index) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("films.ndjson");
    fs::write(&file, films::ndjson()).unwrap();
    let settings = [("ELASTICSEARCH_URL", index.server.as_str()), ("FILMS_INDEX", &index.name)];
    run_well("etl-labeler", &["import", file.to_str().unwrap()], &settings, "");
    run_well("etl-labeler", &["once"], &settings, "");
}
