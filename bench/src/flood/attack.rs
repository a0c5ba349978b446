//! The floods: what each request is, and how many are sent per second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use auth_server::clock::Clock;
use auth_server::login_history;
use auth_server::token::{Issuer, Subject};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::deployment::Deployment;
use crate::{users, workload};

pub(crate) const DELETIONS_PER_SECOND: u32 = 4;
/// Login attempts of each account that is deleted.
const HISTORY: i32 = 20_000;
/// Networks that the attackers have.
const NETWORKS: u64 = 8;

/// One kind of flood.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) per_second: u32,
    /// Whether the client disconnects instead of waiting for the response.
    pub(crate) hangs_up: bool,
    request: fn(&Material, u64) -> Request,
    sent: AtomicU64,
}

pub(crate) static ATTACKS: [Attack; 8] = [
    Attack::new("registration", 200, registration),
    Attack::new("login", 200, login),
    Attack { hangs_up: true, ..Attack::new("hang-up", 100, login) },
    Attack::new("history", 400, history),
    Attack::new("filter", 200, filter),
    Attack::new("batch", 20, batch),
    Attack::new("health", 500, health),
    Attack::new("deletion", DELETIONS_PER_SECOND, deletion),
];

struct Request {
    method: &'static str,
    path: &'static str,
    body: String,
    token: Option<String>,
}

/// What is prepared before the floods.
pub(crate) struct Material {
    batch: String,
    /// Access tokens of accounts with a long history.
    tokens: Vec<String>,
}

impl Attack {
    const fn new(
        name: &'static str,
        per_second: u32,
        request: fn(&Material, u64) -> Request,
    ) -> Self {
        Self { name, per_second, hangs_up: false, request, sent: AtomicU64::new(0) }
    }

    /// The next request. Numbers go on from one flood to the next.
    pub(crate) fn next(&self, address: &str, material: &Material) -> Vec<u8> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let Request { method, path, body, token } = (self.request)(material, number);
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             X-Forwarded-For: 198.51.100.{}\r\nContent-Type: application/json\r\n{}\
             Content-Length: {}\r\n\r\n{body}",
            number % NETWORKS,
            token.unwrap_or_default(),
            body.len(),
        )
        .into_bytes()
    }
}

/// A request on a connection that stays open.
pub(crate) fn post(address: &str, path: &str, network: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nX-Forwarded-For: {network}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    )
    .into_bytes()
}

fn to(path: &'static str, body: &serde_json::Value) -> Request {
    Request { method: "POST", path, body: body.to_string(), token: None }
}

/// Registers a login that is taken.
fn registration(_: &Material, number: u64) -> Request {
    let login = format!("user{}", number % 500);
    let body = json!({ "login": login, "password": format!("{} {number}", users::PASSWORD) });
    to("/api/v1/auth/register", &body)
}

fn login(_: &Material, number: u64) -> Request {
    let body = json!({ "login": format!("nobody{number}"), "password": "x".repeat(99) });
    to("/api/v1/auth/login", &body)
}

/// Attempts that would fill the history of one account, or of none.
fn history(_: &Material, number: u64) -> Request {
    if number.is_multiple_of(2) {
        let body = json!({ "login": "user499", "password": format!("wrong {number}") });
        return to("/api/v1/auth/login", &body);
    }
    let body = json!({ "challenge": format!("a.b.{number}"), "code": "000000" });
    to("/api/v1/auth/login/second-factor", &body)
}

/// No two filters are the same.
fn filter(_: &Material, number: u64) -> Request {
    let action = format!("{number:0>120}");
    let at = format!("2026-01-01T{:02}:{:02}:00Z", number % 24, number % 60);
    let body = json!({ "action": if number.is_multiple_of(2) { "read" } else { &action }, "type": "film", "at": at });
    to("/api/v1/filter", &body)
}

fn batch(material: &Material, _: u64) -> Request {
    Request {
        method: "POST",
        path: "/api/v1/check/batch",
        body: material.batch.clone(),
        token: None,
    }
}

fn health(_: &Material, _: u64) -> Request {
    Request { method: "GET", path: "/health/ready", body: String::new(), token: None }
}

/// Deletes an account with a long history; each only once.
fn deletion(material: &Material, number: u64) -> Request {
    let token = usize::try_from(number).ok().and_then(|number| material.tokens.get(number));
    Request {
        method: "DELETE",
        path: "/api/v1/me",
        body: json!({ "current_password": users::PASSWORD }).to_string(),
        token: token.cloned(),
    }
}

impl Material {
    pub(crate) async fn prepare(
        deployment: &Deployment,
        accounts: u32,
    ) -> anyhow::Result<Arc<Self>> {
        let issuer = workload::issuer(&deployment.pool, &deployment.config()?).await?;
        let tokens = insert_accounts(&deployment.pool, &issuer, accounts).await?;
        let resource = |n| json!({ "type": "film", "id": format!("tt{n:07}"), "labels": ["label1", "label2"] });
        let resources: Vec<_> = (0..1_000).map(resource).collect();
        let batch = json!({ "action": "read", "resources": resources }).to_string();
        Ok(Arc::new(Self { batch, tokens }))
    }
}

/// Accounts with a long history, and an access token of each.
async fn insert_accounts(
    db: &PgPool,
    issuer: &Issuer,
    accounts: u32,
) -> anyhow::Result<Vec<String>> {
    login_history::prepare(&db.clone().into(), Clock::default().now()).await?;
    let ids: Vec<Uuid> = (0..accounts).map(|_| Uuid::new_v4()).collect();
    sqlx::query(
        "INSERT INTO users (id, login, login_key, password_hash, created_at)
         SELECT id, 'gone' || n, 'gone' || n, password_hash, now()
         FROM unnest($1::uuid[]) WITH ORDINALITY AS a (id, n),
              LATERAL (SELECT password_hash FROM users WHERE login = 'user0') AS u",
    )
    .bind(&ids)
    .execute(db)
    .await
    .context("accounts")?;
    sqlx::query(
        "INSERT INTO sessions (id, user_id, number, created_at, last_seen_at, expires_at, absolute_until)
         SELECT id, id, 1, now(), now(), now() + interval '1 day', now() + interval '1 day'
         FROM unnest($1::uuid[]) AS a (id)",
    )
    .bind(&ids)
    .execute(db)
    .await
    .context("sessions")?;
    sqlx::query(
        "INSERT INTO login_history (id, at, user_id, method, outcome, address, user_agent)
         SELECT gen_random_uuid(), now() - n * interval '1 millisecond', id, 'password',
                'credentials_invalid', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101'
         FROM unnest($1::uuid[]) AS a (id), generate_series(1, $2) AS n",
    )
    .bind(&ids)
    .bind(HISTORY)
    .execute(db)
    .await
    .context("login history")?;
    let token = |user| {
        // The session of an account has its id.
        let subject =
            Subject { user, session: user, session_number: 1, roles: vec![], revision: 0 };
        let token = issuer.issue(subject).map_err(|problem| anyhow::anyhow!("{}", problem.code))?;
        anyhow::Ok(token.text)
    };
    ids.into_iter().map(token).collect()
}
