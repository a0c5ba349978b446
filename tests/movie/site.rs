//! A film site: films, an auth-server and a movie-api of its own.

use std::fs;
use std::ops::{Deref, DerefMut};

use reqwest::{Client, RequestBuilder};
use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, Program, Server};
use tests::{Answer, Caller, Database, Index, PASSWORD};

use crate::sample_films;

const SUPERUSER: &str = "root";

/// Everything that one test talks to.
pub(crate) struct Site {
    pub movie: Running,
    pub auth: Running,
    pub index: Index,
    pub database: Database,
}

/// A running program and the URL of its API.
pub(crate) struct Running {
    pub url: String,
    server: Server,
}

impl Running {
    fn start(program: Program, settings: &[(&str, &str)]) -> Self {
        let mut server = program.serve(settings);
        Self { url: server.url("api"), server }
    }
}

impl Deref for Running {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

impl Site {
    /// A site with labelled films and a superuser.
    pub(crate) async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A site whose auth-server has these settings.
    pub(crate) async fn with(auth_settings: &[(&str, &str)]) -> Self {
        let (database, index) = (Database::migrated().await, Index::new());
        let auth = start_auth(&database, "127.0.0.1:0", auth_settings);
        let create = ["superuser", "create", SUPERUSER];
        let settings = [("DATABASE_URL", database.url.as_str())];
        succeed(AUTH_SERVER, &create, &settings, PASSWORD);
        import(&index);
        let movie = movie(&index, &auth.url, &[]);
        Self { movie, auth, index, database }
    }

    /// Another movie-api for the same films and the same auth-server.
    pub(crate) fn another(&self, settings: &[(&str, &str)]) -> Running {
        movie(&self.index, &self.auth.url, settings)
    }

    /// Starts auth-server again at its previous address.
    pub(crate) fn restart_auth(&mut self) {
        let address = self.auth.url.trim_start_matches("http://").to_owned();
        self.auth = start_auth(&self.database, &address, &[]);
    }

    /// Id and secret of a new service client.
    pub(crate) fn service_client(&self, scopes: &[&str]) -> (String, String) {
        let name = format!("movie api {}", scopes.len());
        let mut arguments = vec!["client", "create", &name];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let settings = [("DATABASE_URL", self.database.url.as_str())];
        let made = AUTH_SERVER.run(&arguments, &settings, "");
        let lines = || made.stdout.lines();
        let field = |name| lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (field("client_id="), field("client_secret="))
    }

    /// `GET` at movie-api.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        get(&self.movie.url, path, token).await
    }

    /// A guest of auth-server.
    pub(crate) fn guest(&self) -> Caller {
        Caller::guest(Client::new(), &self.auth.url)
    }

    /// A caller of auth-server, with or without a token.
    pub(crate) fn caller(&self, token: Option<&str>) -> Caller {
        token.map_or_else(|| self.guest(), |token| self.guest().with_token(token))
    }

    /// The access token of the superuser.
    pub(crate) async fn superuser(&self) -> String {
        self.log_in(SUPERUSER).await
    }
}

/// `GET` at any server.
pub(crate) async fn get(server: &str, path: &str, token: Option<&str>) -> Answer {
    send(Client::new().get(format!("{server}{path}")), token).await
}

pub(crate) async fn send(mut request: RequestBuilder, token: Option<&str>) -> Answer {
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Answer::to(&Client::new(), request).await
}

/// A movie-api in front of any auth-server.
pub(crate) fn movie(index: &Index, auth_url: &str, settings: &[(&str, &str)]) -> Running {
    let mut all = vec![
        ("MOVIE_LISTEN", "127.0.0.1:0"),
        ("MOVIE_OPS_LISTEN", "127.0.0.1:0"),
        ("AUTH_URL", auth_url),
        ("ELASTICSEARCH_URL", &index.server),
        ("FILMS_INDEX", &index.name),
    ];
    all.extend(settings);
    Running::start(MOVIE_API, &all)
}

fn start_auth(database: &Database, address: &str, more: &[(&str, &str)]) -> Running {
    let secret = database.secret_text();
    let mut settings = vec![
        ("DATABASE_URL", database.url.as_str()),
        ("AUTH_SECRET", &secret),
        ("AUTH_LISTEN", address),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
    ];
    settings.extend(more);
    Running::start(AUTH_SERVER, &settings)
}

fn import(index: &Index) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("films.ndjson");
    fs::write(&file, sample_films::ndjson()).unwrap();
    let settings = [("ELASTICSEARCH_URL", index.server.as_str()), ("FILMS_INDEX", &index.name)];
    succeed(ETL_LABELER, &["import", file.to_str().unwrap()], &settings, "");
    succeed(ETL_LABELER, &["once"], &settings, "");
}

fn succeed(program: Program, arguments: &[&str], settings: &[(&str, &str)], input: &str) {
    let ran = program.run(arguments, settings, input);
    assert_eq!(ran.status, Some(0), "{program:?} {arguments:?}: {ran:?}");
}
