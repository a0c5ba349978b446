//! A film site with the sample catalogue and a superuser, as `./dev demo` makes it.

use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, Server};
use tests::{Database, Index, PASSWORD};

use crate::blocks::root;
use crate::shell::Shell;

/// Running servers on a database and an index of their own.
pub(crate) struct Site {
    pub database: Database,
    pub index: Index,
    pub auth_url: String,
    pub movie_url: String,
    servers: [Server; 2],
}

impl Site {
    pub(crate) async fn open() -> Self {
        let (database, index) = (Database::migrated().await, Index::new());
        let secret = database.secret_text();
        let settings = [
            ("DATABASE_URL", database.url.as_str()),
            ("AUTH_SECRET", &secret),
            ("AUTH_LISTEN", "127.0.0.1:0"),
            ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
            ("ELASTICSEARCH_URL", &index.server),
            ("FILMS_INDEX", &index.name),
        ];
        let created = AUTH_SERVER.run(&["superuser", "create", "demo"], &settings[..1], PASSWORD);
        assert_eq!(created.status, Some(0), "{created:?}");
        let mut auth = AUTH_SERVER.serve(&settings);
        let auth_url = auth.url("api");
        label_catalogue(&index);
        let mut movie = MOVIE_API.serve(&[
            ("MOVIE_LISTEN", "127.0.0.1:0"),
            ("MOVIE_OPS_LISTEN", "127.0.0.1:0"),
            ("MOVIE_DATABASE_URL", &database.url),
            ("AUTH_URL", &auth_url),
            ("ELASTICSEARCH_URL", &index.server),
            ("FILMS_INDEX", &index.name),
        ]);
        let movie_url = movie.url("api");
        Self { database, index, auth_url, movie_url, servers: [auth, movie] }
    }

    /// The URLs of the operators' listeners.
    pub(crate) fn ops_urls(&mut self) -> [String; 2] {
        self.servers.each_mut().map(|server| server.url("ops"))
    }

    /// A shell whose commands reach the servers where they name those of the demo.
    pub(crate) fn shell(&self) -> Shell {
        let Index { server, name, .. } = &self.index;
        let url = &self.database.url;
        let settings = format!(
            "export DATABASE_URL='{url}' ELASTICSEARCH_URL='{server}' FILMS_INDEX='{name}'\n"
        );
        Shell::new(&[])
            .file(".dev/demo/superuser-password", PASSWORD)
            .file(".dev/demo/env", &settings)
            .connect("localhost:8080", &self.auth_url)
            .connect("localhost:8000", &self.movie_url)
    }
}

fn label_catalogue(index: &Index) {
    let catalogue = root().join("movie-api/catalogue.ndjson");
    let settings = [("ELASTICSEARCH_URL", index.server.as_str()), ("FILMS_INDEX", &index.name)];
    for arguments in [&["import", catalogue.to_str().unwrap()][..], &["once"]] {
        let ran = ETL_LABELER.run(arguments, &settings, "");
        assert_eq!(ran.status, Some(0), "{arguments:?}: {ran:?}");
    }
}
