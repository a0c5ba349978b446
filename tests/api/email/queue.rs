//! The queue of e-mail in PostgreSQL.

use std::collections::BTreeSet;

use auth_server::clock::Clock;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{Database, MailServer, PASSWORD, Proxy, TestServer, until};

use super::{account, confirmed, register_with_email};

const EMAIL: &str = "ada@example.com";
const UNFINISHED: &str = "SELECT count(*) FROM apalis.jobs WHERE status NOT IN ('Done', 'Killed')";

async fn forgot(server: &TestServer, email: &str) {
    server.guest().post("auth/password/forgot", &json!({ "email": email })).await.expect(202, "");
}

/// Waits until the queue is empty.
async fn delivered(server: &TestServer) {
    until("the queue is empty", async || server.database.count(UNFINISHED).await == 0).await;
}

/// Every row of the queue's tables as JSON, with the job as text.
async fn rows(server: &TestServer) -> Vec<Value> {
    let query = "SELECT to_jsonb(j) - 'job' || jsonb_build_object('job', convert_from(job, 'UTF8'))
                 FROM apalis.jobs j UNION ALL SELECT to_jsonb(w) FROM apalis.workers w";
    sqlx::query_scalar(query).fetch_all(&mut server.database.connect().await).await.unwrap()
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_sends_nothing() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    // The commit itself fails, after everything that the operation does.
    for statement in [
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE 'the commit fails' USING ERRCODE = 'serialization_failure'; END $$",
        "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.login = 'ada') EXECUTE FUNCTION fail()",
    ] {
        server.database.execute(statement).await;
    }
    server
        .guest()
        .post("auth/register", &account("ada", EMAIL))
        .await
        .expect(503, "database_unavailable");
    register_with_email(&server, "bob", "bob@example.com").await;
    mail.mail("bob@example.com", 0).await;
    assert_eq!(server.database.count("SELECT count(*) FROM apalis.jobs").await, 1);
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn the_queue_holds_no_token_and_no_secret() {
    let mut mail = MailServer::stopped();
    mail.run(&["--login", "films", "smtp-password"]);
    let url = format!("smtp://films:smtp-password@127.0.0.1:{}", mail.port);
    let server = mail.server(&[("AUTH_SMTP_URL", &url)]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    forgot(&server, EMAIL).await;
    register_with_email(&server, "bob", "nobody@example.com").await;
    register_with_email(&server, "eve", "later@example.com").await;
    let tokens = [
        mail.mail(EMAIL, 0).await,
        mail.mail(EMAIL, 1).await,
        mail.mail("later@example.com", 0).await,
    ];
    delivered(&server).await;
    let rows = rows(&server).await;
    assert!(rows.len() > 4, "{rows:#?}");
    let text = rows.iter().map(Value::to_string).collect::<String>();
    for secret in tokens
        .iter()
        .map(tests::Mail::token)
        .chain([PASSWORD, "smtp-password", &server.database.secret_text()].map(str::to_owned))
    {
        assert!(!text.contains(&secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn a_reset_request_leaves_the_same_row_whether_or_not_the_address_has_an_account() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    register_with_email(&server, "bob", "bob@example.com").await;
    mail.mail("bob@example.com", 0).await;
    delivered(&server).await;
    server.database.execute("DELETE FROM apalis.jobs").await;
    let emails = [EMAIL, "bob@example.com", "eve@example.com"];
    for email in emails {
        forgot(&server, email).await;
    }
    delivered(&server).await;
    let jobs = rows(&server).await.into_iter().filter(|row| row["job"].is_string());
    let alike: BTreeSet<String> = jobs
        .map(|mut row| {
            for column in ["id", "run_at", "lock_at", "done_at"] {
                row[column] = Value::Null;
            }
            emails.iter().fold(row.to_string(), |text, email| text.replace(email, "[email]"))
        })
        .collect();
    assert_eq!(alike.len(), 1, "{alike:#?}");
    assert_eq!(server.database.count("SELECT count(*) FROM apalis.jobs").await, 3);
    mail.mail(EMAIL, 1).await;
    assert_eq!(mail.mails().len(), 3);
}

#[tokio::test]
async fn finished_jobs_and_dead_workers_are_deleted_after_a_day() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "ada", EMAIL).await;
    register_with_email(&server, "bob", "nobody@example.com").await;
    mail.mail(EMAIL, 0).await;
    delivered(&server).await;
    for statement in [
        "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
         VALUES ('dead', 'auth-server/email', '', now() - interval '25 hours')",
        "INSERT INTO apalis.jobs (id, job_type, job, run_at)
         SELECT apalis.generate_ulid(), job_type, job, now() + interval '2 days'
         FROM apalis.jobs LIMIT 1",
    ] {
        server.database.execute(statement).await;
    }
    let jobs = "SELECT count(*) FROM apalis.jobs";
    let dead = "SELECT count(*) FROM apalis.workers WHERE id = 'dead'";
    let clock = Clock::default();
    clock.advance(TimeDelta::hours(23));
    let early = server.replica_with_clock(clock, &[]).await;
    until("the dead worker is gone", async || server.database.count(dead).await == 0).await;
    drop(early);
    assert_eq!(server.database.count(jobs).await, 3);
    let clock = Clock::default();
    clock.advance(TimeDelta::hours(25));
    let _late = server.replica_with_clock(clock, &[]).await;
    until("finished jobs are gone", async || server.database.count(jobs).await == 1).await;
    assert_eq!(server.database.count(UNFINISHED).await, 1);
}

#[tokio::test]
async fn a_connection_that_dies_silently_stops_no_e_mail_for_long() {
    let (mail, database) = (MailServer::start(), Database::migrated().await);
    let (proxy, url) = Proxy::to_url(&database.url).await;
    let server = mail.server_on(database, &[("DATABASE_URL", &url)]).await;
    register_with_email(&server, "bob", "bob@example.com").await;
    mail.mail("bob@example.com", 0).await;
    delivered(&server).await;
    // The heartbeat is sent, and its answer never arrives.
    let mut lock = server.database.connect().await;
    lock.execute("BEGIN; SELECT FROM apalis.workers FOR UPDATE").await.unwrap();
    server.database.wait_for_lock().await;
    proxy.freeze();
    drop(lock);
    until("registered", async || {
        server.guest().post("auth/register", &account("ada", EMAIL)).await.status == 201
    })
    .await;
    mail.mail(EMAIL, 0).await;
}
