//! `PgBouncer` in transaction mode between auth-server and `PostgreSQL`.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tests::program::{Finished, MOVIE_API};
use tests::{Database, TestServer, free_port, setting, until};

use crate::postgres::refusal;

/// A pooler, stopped when this value is dropped.
struct PgBouncer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl PgBouncer {
    /// This program in front of the server of this URL.
    async fn start(program: &str, url: &str, settings: &str) -> Self {
        let (credentials, address) = url.split_once("://").unwrap().1.split_once('@').unwrap();
        let (user, password) = credentials.split_once(':').unwrap();
        let (host, server) = address.split('/').next().unwrap().split_once(':').unwrap();
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={server} user={user} password={password}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\n{settings}\n"
        );
        std::fs::write(&file, text).unwrap();
        // It does not run as root, and others may not reach the folder of the program.
        let copy = folder.path().join("pgbouncer");
        std::fs::copy(program, &copy).unwrap();
        let child = Command::new("runuser")
            .args(["-u", "nobody", "--"])
            .args([&copy, &file])
            .env("PATH", "/usr/sbin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let this = Self { child, port, _folder: folder };
        until("started", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        this
    }

    /// The URL of this database behind the pooler.
    fn url(&self, database: &Database) -> String {
        let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap();
        format!("postgres://films@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // `runuser` passes SIGTERM on.
        tests::program::signal(self.child.id(), "TERM");
        let _ = self.child.wait();
    }
}

fn minor_version(program: &str) -> Option<u32> {
    let ran = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(ran.stdout).ok()?;
    text.split_once("PgBouncer 1.")?.1.split('.').next()?.parse().ok()
}

/// What is installed: Debian's own, and the one that knows prepared statements, if it is another.
fn installed() -> Vec<(String, u32)> {
    let mut programs = vec!["/usr/sbin/pgbouncer".to_owned(), setting("PGBOUNCER")];
    programs.dedup();
    let versions =
        programs.into_iter().filter_map(|it| minor_version(&it).map(|minor| (it, minor)));
    let installed: Vec<_> = versions.collect();
    if !installed.iter().any(|(_, minor)| *minor >= 21) {
        println!("SKIPPED: PgBouncer 1.21 or newer is not installed");
    }
    installed
}

/// The one that knows prepared statements.
fn newest() -> Option<String> {
    installed().into_iter().find(|(_, minor)| *minor >= 21).map(|(program, _)| program)
}

/// Settings with which it mixes up prepared statements.
const fn mixing_up(minor: u32) -> &'static str {
    if minor >= 21 { "max_prepared_statements = 0" } else { "" }
}

#[tokio::test]
async fn a_pooler_that_mixes_up_prepared_statements_is_refused() {
    for (program, minor) in installed() {
        let database = Database::migrated().await;
        let pooler = PgBouncer::start(&program, &database.url, mixing_up(minor)).await;
        let (through, direct) = (pooler.url(&database), database.url.as_str());
        let refused =
            refusal(&[("DATABASE_URL", &through), ("AUTH_DATABASE_DIRECT_URL", direct)]).await;
        assert!(refused.contains("max_prepared_statements"), "{refused}");
        assert!(refused.contains("DATABASE_URL"), "{refused}");
    }
}

#[tokio::test]
async fn a_pooler_is_no_direct_connection() {
    for (program, _) in installed() {
        let database = Database::migrated().await;
        for settings in ["", "ignore_startup_parameters = options"] {
            let pooler = PgBouncer::start(&program, &database.url, settings).await;
            let direct = pooler.url(&database);
            let refused =
                refusal(&[("DATABASE_URL", &database.url), ("AUTH_DATABASE_DIRECT_URL", &direct)])
                    .await;
            assert!(refused.contains("AUTH_DATABASE_DIRECT_URL"), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_succeeds_through_a_pooler_that_knows_prepared_statements() {
    let Some(program) = newest() else { return };
    let database = Database::migrated().await;
    let pooler = PgBouncer::start(&program, &database.url, "max_prepared_statements = 100").await;
    let (through, direct) = (pooler.url(&database), database.url.clone());
    let settings = [("DATABASE_URL", through.as_str()), ("AUTH_DATABASE_DIRECT_URL", &direct)];
    let server = TestServer::on_database(database, &settings).await;
    let (other, root) = (server.replica(&[]).await, server.superuser().await);
    let mut revision = 0;
    for priority in 1..=60 {
        let rule = json!({ "priority": 1000 + priority, "role": "anonymous", "effect": "allow",
                           "resource": format!("label:l{priority}"), "action": "read" });
        revision =
            root.post("rules", &rule).await.expect(201, "").json()["revision"].as_i64().unwrap();
    }
    other.wait_for_revision(revision).await;
}

fn migrate_movie_api(through: &str, direct: &str) -> Finished {
    let settings = [("MOVIE_DATABASE_URL", through), ("MOVIE_DATABASE_DIRECT_URL", direct)];
    MOVIE_API.run(&["migrate"], &settings, "")
}

#[tokio::test]
async fn movie_api_refuses_a_pooler_that_mixes_up_prepared_statements() {
    for (program, minor) in installed() {
        let database = Database::empty().await;
        let pooler = PgBouncer::start(&program, &database.url, mixing_up(minor)).await;
        let refused = migrate_movie_api(&pooler.url(&database), &database.url);
        assert_eq!(refused.status, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("max_prepared_statements"), "{refused:?}");
        assert!(refused.stderr.contains("MOVIE_DATABASE_URL"), "{refused:?}");
        let settings = [("MOVIE_DATABASE_URL", pooler.url(&database))];
        let started = MOVIE_API.run(&["serve"], &settings, "");
        assert_eq!(started.status, Some(1), "{started:?}");
        assert!(started.stderr.contains("max_prepared_statements"), "{started:?}");
    }
}

#[tokio::test]
async fn movie_api_is_migrated_beside_a_pooler_that_knows_prepared_statements() {
    let Some(program) = newest() else { return };
    let database = Database::empty().await;
    let pooler = PgBouncer::start(&program, &database.url, "max_prepared_statements = 100").await;
    let through = pooler.url(&database);
    let refused = migrate_movie_api(&through, "");
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("MOVIE_DATABASE_DIRECT_URL"), "{refused:?}");
    let migrated = migrate_movie_api(&through, &database.url);
    assert_eq!(migrated.status, Some(0), "{migrated:?}");
}
