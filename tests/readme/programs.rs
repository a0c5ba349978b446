//! The READMEs of the programs.

use tests::program::AUTH_SERVER;
use tests::{Database, FilmDatabase, Index, PASSWORD, setting};

use crate::shell::Shell;
use crate::site::Site;

#[tokio::test]
async fn the_commands_of_auth_server_work_as_written() {
    let database = Database::empty().await;
    let secret = database.secret_text();
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("REDIS_URL", &setting("REDIS_URL")),
        ("AUTH_SECRET", &secret),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
    ];
    assert_eq!(AUTH_SERVER.run(&["migrate"], &settings, "").status, Some(0));
    // Beside those that the commands start and stop: some ask a running server.
    let mut server = AUTH_SERVER.serve(&settings);
    Shell::new(&[("AUTH_LISTEN", "127.0.0.1:0"), ("AUTH_OPS_LISTEN", "127.0.0.1:0")])
        .placeholder("postgres://auth:password@127.0.0.1/auth", &database.url)
        .set("REDIS_URL", &setting("REDIS_URL"))
        .secret("auth-server.secret", &secret)
        .connect("localhost:8080", &server.url("api"))
        .input(&format!("{PASSWORD}\n"))
        .run("auth-server/README.md");
}

#[tokio::test]
async fn the_commands_of_movie_api_work_as_written() {
    let site = Site::open().await;
    site.shell()
        .set("MOVIE_LISTEN", "127.0.0.1:0")
        .set("MOVIE_OPS_LISTEN", "127.0.0.1:0")
        .set("ELASTICSEARCH_URL", &site.index.server)
        .set("FILMS_INDEX", &site.index.name)
        .placeholder("postgres://movie:password@127.0.0.1/movie", &site.database.url)
        .run("movie-api/README.md");
}

#[tokio::test]
async fn the_commands_of_etl_labeler_work_as_written() {
    let (database, index) = (Database::migrated().await, Index::new());
    let films = FilmDatabase::create().await;
    Shell::new(&[("DATABASE_URL", database.url.as_str()), ("ETL_OPS_LISTEN", "127.0.0.1:0")])
        .set("ELASTICSEARCH_URL", &index.server)
        .set("FILMS_INDEX", &index.name)
        .placeholder("postgres://reader:password@127.0.0.1/films", &films.url())
        .run("etl-labeler/README.md");
}
