//! Delivery to a mail server that is slow, unavailable or strict.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::{MailServer, TestServer, until};
use tokio::net::TcpListener;

use super::{account, register_with_email, verify};

const EMAIL: &str = "ada@example.com";

/// Maximum time of a request, which the mail server must not delay. Its own timeout is 30 s.
const SOON: Duration = Duration::from_secs(5);

/// The number of messages with this outcome.
pub(super) async fn count_messages(server: &TestServer, outcome: &str) -> u64 {
    let metrics = server.metrics().await;
    let name = format!("auth_emails_total{{outcome=\"{outcome}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |number| number.parse().unwrap())
}

/// A certificate for 127.0.0.1 and its key, in this folder.
fn certificate(folder: &Path) -> [String; 2] {
    let [certificate, key] =
        ["certificate", "key"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=mail", "-days", "2", "-keyout", &key, "-out", &certificate])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    [certificate, key]
}

#[tokio::test]
async fn e_mail_is_sent_only_through_verified_tls_with_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(folder.path());
    let mut mail = MailServer::stopped();
    let url = format!("smtp://films:pass%20word@127.0.0.1:{}?tls=starttls", mail.port);
    let settings = [("AUTH_SMTP_URL", &*url), ("AUTH_SMTP_CA_FILE", &certificate)];
    // First a server without TLS, then one whose certificate is not trusted.
    mail.run(&[]);
    let server = mail.server(&settings).await;
    let user = register_with_email(&server, "ada", EMAIL).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    mail.run(&["--tls", &certificate, &key, "--login", "films", "pass word"]);
    let untrusting = mail.server(&settings[..1]).await;
    register_with_email(&untrusting, "eve", "eve@example.com").await;
    let sent = mail.mail(EMAIL, 0).await;
    assert!(sent.encrypted);
    assert_eq!(sent.user.as_deref(), Some("films"));
    verify(&user, &sent.token()).await.expect(204, "");
    assert!(super::is_verified(&user).await);
    assert_eq!(mail.mails().len(), 1, "only what was encrypted and trusted");
    assert_eq!(
        (count_messages(&server, "sent").await, count_messages(&untrusting, "sent").await),
        (1, 0)
    );
}

#[tokio::test]
async fn a_message_is_delivered_once_the_mail_server_is_available_again() {
    let mut mail = MailServer::stopped();
    let server = mail.server(&[]).await;
    let begun = Instant::now();
    let user = register_with_email(&server, "ada", EMAIL).await;
    assert!(begun.elapsed() < SOON);
    tokio::time::sleep(Duration::from_millis(500)).await;
    mail.run(&[]);
    let token = mail.mail(EMAIL, 0).await.token();
    verify(&user, &token).await.expect(204, "");
    until("counted", async || count_messages(&server, "sent").await == 1).await;
}

#[tokio::test]
async fn a_silent_mail_server_delays_no_request_and_no_message_is_lost() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", silent.local_addr().unwrap());
    let server = MailServer::stopped().server(&[("AUTH_SMTP_URL", &*url)]).await;
    let guest = server.guest();
    for number in 0..6 {
        let begun = Instant::now();
        let body = account(&format!("user-{number}"), &format!("{number}@example.com"));
        guest.post("auth/register", &body).await.expect(201, "");
        let forgotten = json!({ "email": format!("{number}@example.org") });
        guest.post("auth/password/forgot", &forgotten).await.expect(202, "");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    let waiting =
        "SELECT count(*) FROM apalis.jobs WHERE status IN ('Pending', 'Queued', 'Running')
         AND convert_from(job, 'UTF8')::jsonb ->> 'purpose' = 'verify_email'";
    assert_eq!(server.database.count(waiting).await, 6);
    let outcomes = (count_messages(&server, "sent").await, count_messages(&server, "failed").await);
    assert_eq!(outcomes, (0, 0));
}

#[tokio::test]
async fn a_deferred_message_is_retried_and_a_rejected_one_is_not() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "ada", "nobody@example.com").await;
    register_with_email(&server, "bob", "later@example.com").await;
    mail.mail("later@example.com", 0).await;
    until("counted", async || count_messages(&server, "sent").await == 1).await;
    assert_eq!(count_messages(&server, "failed").await, 1);
    let unfinished = "SELECT count(*) FROM apalis.jobs WHERE status NOT IN ('Done', 'Killed')";
    until("the jobs have ended", async || server.database.count(unfinished).await == 0).await;
    let attempts = "SELECT attempts::bigint FROM apalis.jobs WHERE status =";
    assert_eq!(server.database.count(&format!("{attempts} 'Killed'")).await, 1);
    assert_eq!(server.database.count(&format!("{attempts} 'Done'")).await, 2);
}

#[tokio::test]
async fn no_address_can_add_a_recipient_or_a_header() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let strange = ["\"a,b\"@example.com", "a,b@example.com", "<a>@example.com", "a;b@example.com"];
    for (number, email) in strange.into_iter().enumerate() {
        let body = account(&format!("user-{number}"), email);
        server.guest().post("auth/register", &body).await;
    }
    for email in ["a@b\r\nBcc: c@example.com", "a\r\nBcc: c@example.com"] {
        let body = account("eve", email);
        server.guest().post("auth/register", &body).await.expect(422, "field_invalid");
    }
    register_with_email(&server, "ünï", "ünïcode@example.com").await;
    register_with_email(&server, "ada", EMAIL).await;
    mail.mail(EMAIL, 0).await;
    for sent in mail.mails() {
        assert_eq!(sent.recipients.len(), 1, "{sent:?}");
        assert!(sent.headers["bcc"].is_null() && sent.headers["cc"].is_null(), "{sent:?}");
    }
}
