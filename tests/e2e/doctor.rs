//! `auth-server doctor`, with one problem at a time.

use tests::program::{AUTH_SERVER, Finished, Settings};
use tests::{Database, MailServer, Proxy, setting};

use crate::{settings, with};

fn doctor(settings: &Settings) -> Finished {
    AUTH_SERVER.run(&["doctor"], settings, "")
}

/// Asserts that exactly one check fails, `what`, with a line that contains `remedy`.
fn assert_fails(settings: &Settings, what: &str, remedy: &str) {
    let ran = doctor(settings);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let failed: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert_eq!(failed.len(), 1, "{ran:?}");
    let line = failed.first().unwrap();
    assert!(line.starts_with(&format!("FAIL  {what}: ")) && line.contains(remedy), "{line}");
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran:?}");
}

#[tokio::test]
async fn every_check_passes_on_a_healthy_system() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let fresh = doctor(&settings);
    assert!(fresh.status == Some(0) && fresh.stdout.contains("none yet"), "{fresh:?}");
    let mut server = AUTH_SERVER.serve(&settings);
    let _ = server.url("api");
    let ran = doctor(&settings);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for what in [
        "configuration",
        "providers",
        "redis",
        "mail",
        "database",
        "clock",
        "migrations",
        "signing keys",
        "policy",
    ] {
        assert!(ran.stdout.contains(&format!("ok    {what}: ")), "{what}: {ran:?}");
    }
    let alone = doctor(&with(&settings, "REDIS_URL", ""));
    assert!(alone.status == Some(0) && alone.stdout.contains("single server"), "{alone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_setting_or_unavailable_service_is_named() {
    let database = Database::migrated().await;
    let good = settings(&database);
    assert_fails(&with(&good, "AUTH_LISTEN", "here"), "configuration", "AUTH_LISTEN");
    assert_fails(&with(&good, "AUTH_LISTN", "127.0.0.1:0"), "configuration", "AUTH_LISTN");
    let away = "postgres://app:hunter2@127.0.0.1:1/auth";
    assert_fails(&with(&good, "DATABASE_URL", away), "database", "DATABASE_URL");
    assert_fails(&with(&good, "REDIS_URL", "redis://:hunter2@127.0.0.1:1/0"), "redis", "REDIS_URL");
    assert_fails(&with(&good, "AUTH_LABELS", "/nowhere.toml"), "policy", "AUTH_LABELS");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.toml");
    let provider = "[[oidc.provider]]\nname = 'A b'\nissuer = 'https://a.example'\nclient_id = 'x'";
    std::fs::write(&file, provider).unwrap();
    let settings = with(&good, "AUTH_CONFIG", file.to_str().unwrap());
    assert_fails(&settings, "providers", "oidc.provider: provider `A b`");
    // A service that accepts connections but does not reply.
    let (proxy, url) = Proxy::to_url(&setting("REDIS_URL")).await;
    assert_eq!(doctor(&with(&good, "REDIS_URL", &url)).status, Some(0));
    proxy.cut();
    assert_fails(&with(&good, "REDIS_URL", &url), "redis", "start Redis");
}

#[tokio::test]
async fn an_unmigrated_or_read_only_database_is_named() {
    let empty = Database::empty().await;
    assert_fails(&settings(&empty), "migrations", "auth-server migrate");
    let ahead = Database::migrated().await;
    let newer = "INSERT INTO _sqlx_migrations VALUES (9999, 'x', now(), true, '', 0)";
    ahead.execute(newer).await;
    assert_fails(&settings(&ahead), "migrations", "newer");
    let standby = Database::migrated().await;
    let name = standby.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    standby.execute(&read_only).await;
    assert_fails(&settings(&standby), "database", "primary");
}

#[tokio::test]
async fn undecryptable_keys_and_an_invalid_policy_are_named() {
    let database = Database::migrated().await;
    let good = settings(&database);
    {
        let mut server = AUTH_SERVER.serve(&good);
        let _ = server.url("api");
    }
    assert_fails(&with(&good, "AUTH_SECRET", &"ab".repeat(32)), "signing keys", "AUTH_SECRET");
    database.execute("UPDATE rules SET resource = 'no pattern:**' WHERE priority = 200").await;
    assert_fails(&good, "policy", "policy in the database");
}

#[tokio::test]
async fn a_wrong_clock_is_named() {
    let database = Database::migrated().await;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    // A database whose clock is an hour ahead.
    for statement in [
        "CREATE SCHEMA ahead",
        "CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
         AS 'SELECT pg_catalog.clock_timestamp() + interval ''1 hour'''",
        &format!("ALTER DATABASE {name} SET search_path = ahead, pg_catalog, public"),
    ] {
        database.execute(statement).await;
    }
    assert_fails(&settings(&database), "clock", "synchronize");
}

#[tokio::test]
async fn an_unavailable_mail_server_or_wrong_credentials_are_named() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    let url = |password: &str| format!("smtp://films:{password}@127.0.0.1:{}", mail.port);
    let (right, wrong) = (url("hunter2"), url("hunter22"));
    let good = with(&settings(&database), "AUTH_MAIL_FROM", "no-reply@films.example");
    let there = with(&good, "AUTH_SMTP_URL", &right);
    assert_fails(&there, "mail", "AUTH_SMTP_URL");
    mail.run(&["--login", "films", "hunter2"]);
    let ran = doctor(&there);
    assert!(ran.status == Some(0) && ran.stdout.contains("ok    mail: 127.0.0.1"), "{ran:?}");
    assert_fails(&with(&good, "AUTH_SMTP_URL", &wrong), "mail", "535");
    let untrusted = with(&there, "AUTH_SMTP_CA_FILE", "/nowhere.pem");
    let untrusted = with(&untrusted, "AUTH_SMTP_URL", &format!("{right}?tls=starttls"));
    assert_fails(&untrusted, "mail", "/nowhere.pem");
    assert!(mail.mails().is_empty());
}

#[tokio::test]
async fn doctor_changes_nothing() {
    let database = Database::migrated().await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = with(&settings(&database), "XDG_STATE_HOME", home.path().to_str().unwrap());
    settings.retain(|(name, _)| name != "AUTH_SECRET");
    let fresh = doctor(&settings);
    assert!(fresh.status == Some(0) && fresh.stdout.contains("none yet"), "{fresh:?}");
    assert_eq!(home.path().read_dir().unwrap().count(), 0);
    assert_eq!(database.count("SELECT count(*) FROM signing_keys").await, 0);
    {
        let mut server = AUTH_SERVER.serve(&settings);
        let _ = server.url("api");
    }
    let kept = doctor(&settings);
    assert!(kept.status == Some(0) && kept.stdout.contains("1 decrypted"), "{kept:?}");
    std::fs::remove_dir_all(home.path().join("auth-server")).unwrap();
    assert_fails(&settings, "signing keys", "AUTH_SECRET");
    assert_eq!(home.path().read_dir().unwrap().count(), 0);
    settings.retain(|(name, _)| name != "XDG_STATE_HOME");
    assert_fails(&settings, "signing keys", "AUTH_SECRET");
}
