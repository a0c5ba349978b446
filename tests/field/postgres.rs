//! PostgreSQL with TLS by a private certificate authority, and with another encoding.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use auth_server::app::Application;
use auth_server::clock::Clock;
use auth_server::config;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tests::program::MOVIE_API;
use tests::{Database, setting};

use crate::certificates::Certificates;
use crate::own_postgres::OwnPostgres;

/// Why auth-server does not start with these settings.
pub(crate) async fn refusal(settings: &[(&str, &str)]) -> String {
    let all = [("AUTH_LISTEN", "127.0.0.1:0"), ("AUTH_OPS_LISTEN", "")];
    let all = all.iter().chain(settings).map(|(name, value)| ((*name).into(), (*value).into()));
    let config = config::load(None, all).unwrap();
    match Application::build(config, Clock::default()).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_database_that_is_not_utf_8_is_refused_by_name() {
    let database = Database::empty().await;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let mut server = PgConnection::connect(&setting("DATABASE_URL")).await.unwrap();
    for statement in [
        format!("DROP DATABASE {name}"),
        format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        ),
    ] {
        server.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let refused = refusal(&[("DATABASE_URL", &database.url)]).await;
    assert!(refused.contains(&name) && refused.contains("LATIN1"), "{refused}");
    for command in ["migrate", "serve"] {
        let refused = MOVIE_API.run(&[command], &[("MOVIE_DATABASE_URL", &database.url)], "");
        assert_eq!(refused.status, Some(1), "{refused:?}");
        let words = [name.as_str(), "LATIN1", "MOVIE_DATABASE_URL"];
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{refused:?}");
    }
}

#[tokio::test]
async fn verify_full_works_with_a_private_certificate_authority() {
    let (certificates, other) = (Certificates::create(), Certificates::create());
    let Some(mut server) = OwnPostgres::create() else { return };
    for name in ["cert.pem", "key.pem"] {
        fs::copy(certificates.path(name), server.path(name)).unwrap();
    }
    fs::set_permissions(server.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| server.text(name));
    server.start(&format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}"));
    let port = server.port;
    let url = |ca: &Certificates| {
        let ca = ca.text("ca.pem");
        format!(
            "postgres://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={ca}"
        )
    };
    // Past the connection.
    let trusted = refusal(&[("DATABASE_URL", &url(&certificates))]).await;
    assert!(trusted.contains("migrations are not applied"), "{trusted}");
    let untrusted = refusal(&[("DATABASE_URL", &url(&other))]).await;
    assert!(untrusted.contains("certificate"), "{untrusted}");
}
