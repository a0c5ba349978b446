//! `auth-server doctor`, with one problem at a time.

use auth_server::clock::Clock;
use serde_json::{Value, json};
use tests::oidc::HostileProvider;
use tests::program::{AUTH_SERVER, Finished, Settings};
use tests::{Database, MailServer, PASSWORD, Proxy, free_address, setting};

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
    let (database, mut mail) = (Database::migrated().await, MailServer::stopped());
    mail.run(&[]);
    let url = format!("smtp://127.0.0.1:{}", mail.port);
    let settings = with(&settings(&database), "AUTH_SMTP_URL", &url);
    let settings = with(&settings, "AUTH_MAIL_FROM", "no-reply@films.example");
    let created = AUTH_SERVER.run(&["superuser", "create", "root"], &settings, PASSWORD);
    assert_eq!(created.status, Some(0), "{created:?}");
    let fresh = doctor(&settings);
    assert!(fresh.status == Some(0) && fresh.stdout.contains("none yet"), "{fresh:?}");
    let mut server = AUTH_SERVER.serve(&settings);
    let _ = server.url("api");
    let ran = doctor(&settings);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let checks = [
        "configuration",
        "listen",
        "ops listen",
        "state directory",
        "providers",
        "redis",
        "mail",
        "films",
        "database",
        "clock",
        "migrations",
        "signing keys",
        "policy",
        "superusers",
    ];
    assert_eq!(lines.len(), checks.len(), "{ran:?}");
    for (line, check) in lines.iter().zip(checks) {
        assert!(line.starts_with(&format!("ok    {check}: ")), "{check}: {ran:?}");
    }
    let alone = doctor(&with(&settings, "REDIS_URL", ""));
    assert!(alone.status == Some(0) && alone.stdout.contains("single server"), "{alone:?}");
}

/// Asserts that exactly one check warns, `what`, beside those that warn on a new system, with a line that contains
/// `remedy`; the exit code is that of success.
fn assert_warns(settings: &Settings, what: &str, remedy: &str) {
    let ran = doctor(settings);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let new = ["warn  mail: ", "warn  superusers: "];
    let warnings = ran.stdout.lines().filter(|line| line.starts_with("warn"));
    let (expected, others): (Vec<&str>, Vec<&str>) =
        warnings.partition(|line| new.iter().any(|new| line.starts_with(new)));
    assert_eq!((expected.len(), others.len()), (2, 1), "{ran:?}");
    let line = others.first().unwrap();
    assert!(line.starts_with(&format!("warn  {what}: ")) && line.contains(remedy), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_works_without_is_a_warning() {
    let database = Database::migrated().await;
    let good = settings(&database);
    let ran = doctor(&good);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for line in [
        "warn  mail: not configured: links that reset passwords are written to the log, which is for development \
         only; set AUTH_SMTP_URL and AUTH_MAIL_FROM",
        "warn  superusers: no superuser can log in; create one: auth-server superuser create LOGIN",
    ] {
        assert!(ran.stdout.lines().any(|printed| printed == line), "{ran:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.toml");
    let with_provider = |issuer: &str| {
        let provider =
            format!("[[oidc.provider]]\nname = 'a'\nissuer = '{issuer}'\nclient_id = 'x'");
        std::fs::write(&file, provider).unwrap();
        with(&good, "AUTH_CONFIG", file.to_str().unwrap())
    };
    assert_warns(&with_provider("http://127.0.0.1:1"), "providers", "correct `issuer`");
    let provider = HostileProvider::start(Clock::default()).await;
    let ran = doctor(&with_provider(&provider.url));
    assert!(ran.stdout.contains("ok    providers: 1 configured, all respond"), "{ran:?}");
    let nowhere = with(&good, "ELASTICSEARCH_URL", "http://app:hunter2@127.0.0.1:1");
    assert_warns(&nowhere, "films", "ELASTICSEARCH_URL");
    set_clock_ahead(&database, "10 seconds").await;
    assert_warns(&good, "clock", "synchronize");
}

#[tokio::test]
async fn a_port_that_another_program_has_is_named() {
    let database = Database::migrated().await;
    let good = settings(&database);
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = with(&good, "AUTH_LISTEN", &other.local_addr().unwrap().to_string());
    assert_fails(&taken, "listen", "AUTH_LISTEN");
    let foreign = with(&good, "AUTH_OPS_LISTEN", "192.0.2.1:9090");
    assert_fails(&foreign, "ops listen", "AUTH_OPS_LISTEN");
    let (api, ops) = (free_address(), free_address());
    let settings = with(&with(&good, "AUTH_LISTEN", &api), "AUTH_OPS_LISTEN", &ops);
    let free = doctor(&settings);
    assert!(free.stdout.contains(&format!("ok    listen: {api} is free")), "{free:?}");
    let mut server = AUTH_SERVER.serve(&settings);
    let _ = server.url("api");
    let ran = doctor(&settings);
    assert!(ran.stdout.contains(&format!("listen: auth-server runs at {api}")), "{ran:?}");
    assert!(ran.stdout.contains(&format!("ops listen: auth-server runs at {ops}")), "{ran:?}");
}

#[tokio::test]
async fn programs_read_the_report_as_json() {
    let database = Database::empty().await;
    let ran = AUTH_SERVER.run(&["doctor", "--json"], &settings(&database), "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["status"], "failed");
    let of = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap()
    };
    let redis = json!({ "check": "redis", "status": "ok", "message": "accepts writes" });
    assert_eq!(of("redis"), &redis);
    assert_eq!(of("mail")["remedy"], "set AUTH_SMTP_URL and AUTH_MAIL_FROM");
    assert_eq!(of("migrations")["status"], "failed");
    assert_eq!(of("policy")["status"], "skipped");
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

/// Sets the clock of a database ahead, for connections that are made from now on.
async fn set_clock_ahead(database: &Database, by: &str) {
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    for statement in [
        "CREATE SCHEMA ahead",
        &format!(
            "CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''{by}'''"
        ),
        &format!("ALTER DATABASE {name} SET search_path = ahead, pg_catalog, public"),
    ] {
        database.execute(statement).await;
    }
}

#[tokio::test]
async fn a_wrong_clock_is_named() {
    let database = Database::migrated().await;
    set_clock_ahead(&database, "1 hour").await;
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
    // No file can be created there.
    let ran = doctor(&with(&settings, "XDG_STATE_HOME", "/proc"));
    assert!(ran.status == Some(1) && ran.stdout.contains("FAIL  state directory: "), "{ran:?}");
    settings.retain(|(name, _)| name != "XDG_STATE_HOME");
    assert_fails(&settings, "state directory", "AUTH_SECRET");
}
