//! `auth-server migrate`, and `serve` on an unmigrated database.

use std::thread;

use tests::Database;
use tests::program::AUTH_SERVER;

use crate::settings;

#[tokio::test]
async fn serve_refuses_an_unmigrated_database_and_says_what_to_run() {
    let database = Database::empty().await;
    let ran = AUTH_SERVER.run(&["serve"], &settings(&database), "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("auth-server migrate"), "{ran:?}");
}

#[tokio::test]
async fn serve_refuses_a_newer_or_foreign_database() {
    for (change, named) in [
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
          VALUES (9999, 'future', true, '', 0)",
            "newer",
        ),
        ("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1", "1"),
        ("DELETE FROM _sqlx_migrations WHERE version = 10", "auth-server migrate"),
        ("DROP SCHEMA apalis CASCADE", "auth-server migrate"),
    ] {
        let database = Database::migrated().await;
        database.execute(change).await;
        let ran = AUTH_SERVER.run(&["serve"], &settings(&database), "");
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(named), "{ran:?}");
    }
}

#[tokio::test]
async fn migrate_is_idempotent_even_concurrently() {
    let database = Database::empty().await;
    let settings = settings(&database);
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let settings = settings.clone();
            thread::spawn(move || AUTH_SERVER.run(&["migrate"], &settings, ""))
        })
        .collect();
    for ran in runs.into_iter().map(|run| run.join().unwrap()) {
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
    assert_eq!(database.count("SELECT count(*) FROM rules").await, 5);
    let again = AUTH_SERVER.run(&["migrate"], &settings, "");
    assert_eq!((again.status, again.stdout.trim()), (Some(0), "the database is up to date"));
    let mut server = AUTH_SERVER.serve(&settings);
    crate::guest(&mut server).get("/health/ready").await.expect(200, "");
}

#[tokio::test]
async fn migrate_keeps_changed_rules() {
    let database = Database::migrated().await;
    database.execute("DELETE FROM rules WHERE id = 3").await;
    let ran = AUTH_SERVER.run(&["migrate"], &settings(&database), "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(database.count("SELECT count(*) FROM rules").await, 4);
}
