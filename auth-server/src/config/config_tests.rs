use std::io::Write;

use super::{Config, ConfigError, SETTINGS, load};

const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://app:hunter2@db.example/auth");

fn from(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let all = [DATABASE].iter().chain(variables);
    load(None, all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn refusal(variables: &[(&str, &str)]) -> String {
    from(variables).expect_err("should be refused").to_string()
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    load(Some(file.path()), [])
}

#[test]
fn the_defaults_are_good() {
    let config = from(&[]).expect("defaults");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.body_limit.get(), 65_536);
    assert!(
        config.secret.current.is_none()
            && config.redis.address().is_none()
            && config.elasticsearch.is_none()
    );
}

#[test]
fn the_environment_goes_before_the_file() {
    let text = "[server]\nlisten = \"0.0.0.0:1\"\n[database]\nurl = \"postgres://a@b/c\"\npool = 7";
    let config = from_file(text).expect("the file alone");
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:1");
    assert_eq!(config.database.connections(), 7);
}

#[test]
fn every_refusal_names_the_setting() {
    for (name, value) in [
        ("AUTH_LISTEN", "localhost"),
        ("AUTH_LISTEN", ""),
        ("AUTH_BODY_LIMIT", "0"),
        ("AUTH_BODY_LIMIT", "many"),
        ("AUTH_DATABASE_POOL", "-1"),
        ("AUTH_DATABASE_POOL", "1"),
        ("AUTH_CORS_ORIGINS", "https://a.example,b.example"),
        ("AUTH_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("AUTH_TRUSTED_PROXIES", "proxy.example"),
        ("AUTH_THROTTLE_DELAYS", ""),
        ("AUTH_THROTTLE_DELAYS", "1,x"),
        ("AUTH_THROTTLE_DELAYS", "0"),
        ("AUTH_THROTTLE_PAIR_ATTEMPTS", "0"),
        ("AUTH_LOG", "a=b=c"),
        ("AUTH_LOG_FORMAT", "xml"),
        ("AUTH_ISSUER", ""),
        ("ELASTICSEARCH_URL", "ftp://films.example"),
        ("FILMS_INDEX", "films*"),
        ("AUTH_SECRET", "short"),
        ("AUTH_SECRETS", "x"),
        ("AUTH_LISTEN_FILE", "x"),
        ("AUTH_SECRET_FILE", "/nowhere"),
        ("REDIS_URL", "http://x"),
    ] {
        let message = refusal(&[(name, value)]);
        assert!(message.contains(name), "{name}={value}: {message}");
    }
}

#[test]
fn a_missing_database_is_named() {
    let message = load(None, []).expect_err("no database").to_string();
    assert!(message.starts_with("DATABASE_URL"), "{message}");
}

#[test]
fn an_unknown_key_of_the_file_is_named() {
    for text in ["[server]\nlisten_on = 1", "[sever]\nlisten = 1", "listen = 1"] {
        let text = format!("{text}\n[database]\nurl = \"postgres://a@b/c\"");
        let message = from_file(&text).expect_err("unknown").to_string();
        assert!(message.contains("listen") || message.contains("sever"), "{message}");
    }
}

#[test]
fn a_number_in_a_text_setting_stays_a_text() {
    assert_eq!(&*from(&[("AUTH_AUDIENCE", "007")]).expect("good").token.audience, "007");
}

#[test]
fn no_secret_is_shown() {
    let secret = "ab".repeat(32);
    let redis = ("REDIS_URL", "redis://:hunter3@cache.example/0");
    let config = from(&[("AUTH_SECRET", &secret), redis]).expect("good");
    let shown = format!("{config:?}");
    assert!(shown.contains("db.example:5432/auth") && shown.contains("cache.example"), "{shown}");
    assert!(!shown.contains("hunter") && !shown.contains(&secret), "{shown}");
    let message = refusal(&[("DATABASE_URL", "postgres://app:hunter2@db.example:x/auth")]);
    assert!(!message.contains("hunter"), "{message}");
}

#[test]
fn origins_are_taken_in_the_form_that_browsers_send() {
    let config = from(&[("AUTH_CORS_ORIGINS", "https://a.example, http://localhost:3000")]);
    assert_eq!(config.expect("good").server.cors_origins.as_slice().len(), 2);
    for origin in ["*", "https://a.example/", "https://A.example", "https://a.example:443", "null"]
    {
        assert!(from(&[("AUTH_CORS_ORIGINS", origin)]).is_err(), "{origin}");
    }
}

#[test]
fn the_readme_lists_every_setting_with_its_default() {
    let differences = SETTINGS.differences_to_readme(include_str!("../../README.md"));
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn removed_settings_stop_the_start() {
    for removed in SETTINGS.removed {
        let message = refusal(&[(removed.variable, "1")]);
        assert!(message.contains(removed.variable) && message.contains("use "), "{message}");
    }
}
