//! Invalid settings stop the start.

use std::fs;

use tests::Database;
use tests::program::AUTH_SERVER;

use crate::{settings, with};

#[tokio::test]
async fn an_unknown_or_invalid_setting_is_named() {
    let database = Database::migrated().await;
    let good = settings(&database);
    for (name, value) in [
        ("AUTH_LISTN", "127.0.0.1:0"),
        ("OPS_LISTEN", "127.0.0.1:9090"),
        ("AUTH_OIDC_FILE", "/etc/providers.toml"),
        ("AUTH_SESSIONS", "20"),
        ("AUTH_PASSWORD", "x"),
        ("AUTH_LISTEN", "here"),
        ("AUTH_OPS_LISTEN", "9090"),
        ("AUTH_BODY_LIMIT", "-1"),
        ("AUTH_CORS_ORIGINS", "https://films.example/"),
        ("AUTH_SECRET", "short"),
        ("AUTH_LOG", "auth_server=loud"),
        ("AUTH_LOG_FORMAT", "xml"),
        ("AUTH_TOKEN_SECONDS", "5m"),
        ("AUTH_CONFIG", "/nowhere.toml"),
        ("AUTH_SECRET_PREVIOUS_FILE", "/nowhere"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://x"),
        ("REDIS_URL", "http://x"),
    ] {
        let ran = AUTH_SERVER.run(&["serve"], &with(&good, name, value), "");
        assert_eq!(ran.status, Some(2), "{name}={value}: {ran:?}");
        assert!(ran.stderr.contains(name), "{name}={value}: {ran:?}");
    }
}

#[tokio::test]
async fn a_settings_file_is_checked_like_the_environment() {
    let database = Database::migrated().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.toml");
    for (text, named) in [
        ("[server]\nlisten = 'here'", "AUTH_LISTEN"),
        ("[server]\nlisen = 1", "lisen"),
        ("[sever]\nlisten = 1", "sever"),
        ("=", "auth.toml"),
    ] {
        fs::write(&file, text).unwrap();
        let mut settings = settings(&database);
        settings.retain(|(name, _)| !name.ends_with("LISTEN"));
        let ran = AUTH_SERVER.run(&["serve", "--config", file.to_str().unwrap()], &settings, "");
        assert_eq!(ran.status, Some(2), "{text}: {ran:?}");
        assert!(ran.stderr.contains(named), "{text}: {ran:?}");
    }
}

#[tokio::test]
async fn an_address_in_use_and_unavailable_services_are_named_without_passwords() {
    let database = Database::migrated().await;
    let good = settings(&database);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let away = "postgres://app:hunter2@127.0.0.1:1/auth";
    for (name, value, status) in [("AUTH_LISTEN", address.as_str(), 1), ("DATABASE_URL", away, 69)]
    {
        let ran = AUTH_SERVER.run(&["serve"], &with(&good, name, value), "");
        assert_eq!(ran.status, Some(status), "{ran:?}");
        assert!(ran.stderr.contains(name), "{ran:?}");
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_decrypt_the_keys_is_refused() {
    let database = Database::migrated().await;
    let good = settings(&database);
    let mut server = AUTH_SERVER.serve(&good);
    let _ = server.url("api");
    let ran = AUTH_SERVER.run(&["serve"], &with(&good, "AUTH_SECRET", &"ab".repeat(32)), "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("AUTH_SECRET"), "{ran:?}");
}
