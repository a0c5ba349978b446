//! E-mail as operators see it: in the log, at shutdown, after a crash, by command, and with templates
//! of their own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Settings};
use tests::{Database, EMAIL_SETTINGS, MailServer, NEW_PASSWORD, PASSWORD, until};
use tokio::net::TcpListener;

use crate::{guest, settings, with};

const EMAIL: &str = "ada@films.example";

fn account() -> Value {
    json!({ "login": "ada", "email": EMAIL, "password": PASSWORD })
}

/// Settings of a server that sends its e-mail to this port.
fn sending(database: &Database, port: u16) -> Settings {
    let url = format!("smtp://films:smtp-password@127.0.0.1:{port}");
    let links = EMAIL_SETTINGS
        .iter()
        .fold(settings(database), |all, (name, value)| with(&all, name, value));
    with(&with(&links, "AUTH_SMTP_URL", &url), "AUTH_LOG", "trace")
}

fn token(text: &str) -> String {
    let (_, token) = text.split_once("#token=").unwrap();
    token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

#[tokio::test]
async fn without_a_mail_server_the_link_is_logged_once_and_the_address_never() {
    let database = Database::migrated().await;
    let mut settings = with(&settings(&database), "AUTH_LOG", "trace");
    settings.extend(EMAIL_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    guest.post("auth/register", &account()).await.expect(201, "");
    let started = Instant::now();
    let line = loop {
        let lines = server.log();
        if let Some(line) = lines.iter().find(|line| line.contains("#token=")) {
            break line.clone();
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{lines:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["level"], "WARN");
    let token = token(&line);
    guest
        .post("auth/email/verify", &json!({ "token": token, "current_password": PASSWORD }))
        .await
        .expect(204, "");
    server.signal("TERM");
    server.wait();
    let log = server.log();
    assert_eq!(log.iter().filter(|line| line.contains(&token)).count(), 1);
    assert_eq!(log.iter().find(|line| line.to_lowercase().contains(EMAIL)), None);
    let says = |text: &str| log.iter().any(|line| line.contains("WARN") && line.contains(text));
    assert!(says("AUTH_SMTP_URL is not set"), "{log:#?}");
}

#[tokio::test]
async fn with_a_mail_server_no_token_address_or_password_is_ever_logged() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    let mut server = AUTH_SERVER.serve(&sending(&database, mail.port));
    let guest = guest(&mut server);
    guest.post("auth/register", &account()).await.expect(201, "");
    let refused = json!({ "login": "bob", "email": "nobody@films.example", "password": PASSWORD });
    guest.post("auth/register", &refused).await.expect(201, "");
    mail.run(&["--login", "films", "smtp-password"]);
    let verify = mail.mail(EMAIL, 0).await.token();
    guest
        .post("auth/email/verify", &json!({ "token": verify, "current_password": PASSWORD }))
        .await
        .expect(204, "");
    guest.post("auth/password/forgot", &json!({ "email": EMAIL })).await.expect(202, "");
    let reset = mail.mail(EMAIL, 1).await.token();
    let new = json!({ "token": reset, "new_password": NEW_PASSWORD });
    guest.post("auth/password/reset", &new).await.expect(204, "");
    until("the rejected message is given up", async || {
        server.log().iter().any(|line| line.contains("an e-mail was not sent"))
    })
    .await;
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let log = server.log();
    let name = EMAIL.split('@').next().unwrap();
    let name = format!("{name}@");
    for secret in [&*verify, &*reset, &*name, "nobody@", "smtp-password", "seven green"] {
        assert_eq!(log.iter().find(|line| line.contains(secret)), None, "{secret}");
    }
}

#[tokio::test]
async fn a_message_in_progress_is_finished_at_shutdown_unless_the_mail_server_is_silent() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    mail.run(&["--login", "films", "smtp-password"]);
    let mut server = AUTH_SERVER.serve(&sending(&database, mail.port));
    let slow = json!({ "login": "ada", "email": "slow@films.example", "password": PASSWORD });
    guest(&mut server).post("auth/register", &slow).await.expect(201, "");
    until("the message is being sent", async || mail.has_begun_slow_message()).await;
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{:#?}", server.log());
    assert_eq!(mail.mails().len(), 1, "{:#?}", server.log());
    let done = "SELECT count(*) FROM apalis.jobs WHERE status = 'Done'";
    assert_eq!(database.count(done).await, 1);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&sending(&database, port));
    guest(&mut server).post("auth/register", &account()).await.expect(201, "");
    let running = "SELECT count(*) FROM apalis.jobs WHERE status = 'Running'";
    until("the message is being sent", async || database.count(running).await == 1).await;
    server.signal("TERM");
    let begun = Instant::now();
    assert_eq!(server.wait().code(), Some(0), "{:#?}", server.log());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    // The job is back in the queue, due at once, for any server.
    let due = "SELECT count(*) FROM apalis.jobs
               WHERE status = 'Failed' AND attempts < max_attempts AND run_at < now()";
    assert_eq!(database.count(due).await, 1);
}

#[tokio::test]
async fn a_message_that_could_not_be_sent_before_shutdown_is_sent_by_the_next_server() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    let settings = sending(&database, mail.port);
    let mut server = AUTH_SERVER.serve(&settings);
    guest(&mut server).post("auth/register", &account()).await.expect(201, "");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{:#?}", server.log());
    mail.run(&["--login", "films", "smtp-password"]);
    assert_eq!(mail.mails().len(), 0);
    let mut server = AUTH_SERVER.serve(&settings);
    let token = mail.mail(EMAIL, 0).await.token();
    let body = json!({ "token": token, "current_password": PASSWORD });
    guest(&mut server).post("auth/email/verify", &body).await.expect(204, "");
}

#[tokio::test]
async fn a_message_survives_the_crash_of_the_server_that_accepted_the_request() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    let settings = sending(&database, mail.port);
    // The mail server accepts the connection and says nothing: the message is being sent.
    let silent = TcpListener::bind(("127.0.0.1", mail.port)).await.unwrap();
    let mut server = AUTH_SERVER.serve(&settings);
    guest(&mut server).post("auth/register", &account()).await.expect(201, "");
    let running = "SELECT count(*) FROM apalis.jobs WHERE status = 'Running'";
    until("the message is being sent", async || database.count(running).await == 1).await;
    server.signal("KILL");
    assert_eq!(server.wait().code(), None);
    drop(silent);
    mail.run(&["--login", "films", "smtp-password"]);
    let mut other = AUTH_SERVER.serve(&settings);
    let token = mail.mail(EMAIL, 0).await.token();
    let body = json!({ "token": token, "current_password": PASSWORD });
    guest(&mut other).post("auth/email/verify", &body).await.expect(204, "");
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn operators_can_replace_the_templates_and_a_broken_one_prevents_the_start() {
    let (mut mail, database) = (MailServer::stopped(), Database::migrated().await);
    mail.run(&["--login", "films", "smtp-password"]);
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, source: &str| {
        std::fs::write(directory.path().join(name), source).unwrap();
    };
    for message in ["verify_email", "reset_password"] {
        write(&format!("{message}.subject.txt"), "Ciné {{ site }}");
        write(&format!("{message}.txt"), "Bonjour,\n{{ link }}\n({{ expires_in_minutes }} min)\n");
        write(&format!("{message}.html"), "<p>Bonjour, <a href=\"{{ link }}\">ici</a></p>");
    }
    write("notice.subject.txt", "Ciné {{ site }}");
    write("notice.txt", "{{ change }}, {{ time }}");
    write("notice.html", "<p>{{ change }}, {{ time }}</p>");
    let path = directory.path().to_str().unwrap();
    let settings = with(&sending(&database, mail.port), "AUTH_MAIL_TEMPLATES", path);
    let mut server = AUTH_SERVER.serve(&settings);
    guest(&mut server).post("auth/register", &account()).await.expect(201, "");
    let sent = mail.mail(EMAIL, 0).await;
    assert_eq!(sent.headers["subject"], "Ciné films");
    assert!(sent.text.starts_with("Bonjour,\nhttps://films.example/verify#token="), "{sent:?}");
    assert!(sent.text.contains("(1440 min)"), "{sent:?}");
    drop(server);

    write("verify_email.html", "<p>\n{{ sight }}</p>");
    let broken = AUTH_SERVER.run(&["serve"], &settings, "");
    assert!(broken.status != Some(0), "{broken:?}");
    assert!(broken.stderr.contains(&format!("{path}/verify_email.html, line 2: ")), "{broken:?}");
    let doctor = AUTH_SERVER.run(&["doctor"], &settings, "");
    assert!(doctor.stdout.contains("verify_email.html, line 2: "), "{doctor:?}");
    std::fs::remove_file(directory.path().join("verify_email.txt")).unwrap();
    let missing = AUTH_SERVER.run(&["serve"], &settings, "");
    assert!(missing.status != Some(0), "{missing:?}");
    assert!(missing.stderr.contains(&format!("{path}/verify_email.txt: ")), "{missing:?}");
}

#[tokio::test]
async fn an_operator_can_create_a_link_that_sets_a_password_once() {
    let database = Database::migrated().await;
    let mut settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let account = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &account).await.expect(201, "");
    let bare = AUTH_SERVER.run(&["user", "reset-link", "ADA"], &settings, "");
    assert_eq!((bare.status, bare.stdout.trim().len()), (Some(0), 43), "{bare:?}");
    settings.extend(EMAIL_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let link = AUTH_SERVER.run(&["user", "reset-link", "ada"], &settings, "");
    assert!(link.stdout.starts_with("https://films.example/reset#token="), "{link:?}");
    let new = NEW_PASSWORD;
    let body = json!({ "token": token(&link.stdout), "new_password": new });
    guest.post("auth/password/reset", &body).await.expect(204, "");
    guest.post("auth/password/reset", &body).await.expect(401, "reset_token_invalid");
    let other = json!({ "token": bare.stdout.trim(), "new_password": PASSWORD });
    guest.post("auth/password/reset", &other).await.expect(401, "reset_token_invalid");
    guest.post("auth/login", &json!({ "login": "ada", "password": new })).await.expect(200, "");
    let trail = "SELECT count(*) FROM audit WHERE operation = 'create_reset_link' AND via = 'cli'";
    assert_eq!(database.count(trail).await, 2);
    let nobody = AUTH_SERVER.run(&["user", "reset-link", "nobody"], &settings, "");
    assert!(nobody.status == Some(1) && nobody.stderr.contains("nobody"), "{nobody:?}");
    assert_eq!(AUTH_SERVER.run(&["user", "disable", "ada"], &settings, "").status, Some(0));
    let disabled = AUTH_SERVER.run(&["user", "reset-link", "ada"], &settings, "");
    assert!(disabled.status == Some(1) && disabled.stderr.contains("disabled"), "{disabled:?}");
}
