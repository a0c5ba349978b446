//! Rules and `/check` requests, generated from a fixed seed.

use std::fmt::Write;
use std::sync::Arc;

use auth_server::clock::Clock;
use auth_server::config::Config;
use auth_server::crypto::{EncryptionKeys, Purpose, Secrets};
use auth_server::token::{Issuer, KeyRing, Subject};
use policies::RoleName;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::message;

/// Roles besides the built-in ones.
const ROLES: u32 = 50;
/// Labels that rules refer to.
const LABELS: u32 = 1_000;
/// Films that rules name, if there are as many rules: fewer than a policy may name.
const FILMS: u32 = 60_000;

/// Inserts roles and `rules` rules: one for each label, the rest for single films, which some share.
pub(crate) async fn insert_rules(db: &PgPool, rules: u32) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(1);
    let mut sql = String::new();
    for role in 0..ROLES {
        write!(sql, "INSERT INTO roles VALUES ('role{role}', '', now(), 1);")?;
    }
    sql.push_str("INSERT INTO rules (priority, role, resource, action, effect, created_at, revision) VALUES ");
    for index in 0..rules {
        let (priority, role) = (random.random_range(20..900), random.random_range(0..ROLES));
        let resource = match index {
            0..LABELS => format!("label:label{index}"),
            _ => format!("film:{}", film(index)),
        };
        let effect = if random.random_bool(0.8) { "allow" } else { "deny" };
        let comma = if index == 0 { "" } else { "," };
        write!(
            sql,
            "{comma}({priority}, 'role{role}', '{resource}', 'read', '{effect}', now(), 1)"
        )?;
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(db).await?;
    Ok(())
}

fn film(number: u32) -> String {
    format!("tt{:07}", number % FILMS)
}

/// A `/check` request: access token and body.
pub(crate) struct Request {
    pub(crate) token: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn to_http(&self, address: &str) -> Vec<u8> {
        message::post(address, "/api/v1/check", &message::bearer(&self.token), &self.body)
    }
}

/// Issues access tokens with the keys of this database's servers.
pub(crate) async fn issuer(db: &PgPool, config: &Config) -> anyhow::Result<Issuer> {
    let key = Secrets::load_or_create(&config.secret)?.derive(Purpose::SigningKeyEncryption);
    let ring =
        KeyRing::load(db.clone().into(), EncryptionKeys::new(&key, None), Clock::default()).await?;
    let (names, ring) = (&config.token, Arc::new(ring));
    let (issuer, audience) = (names.issuer.to_string(), names.audience.to_string());
    Ok(Issuer::new(ring, Clock::default(), issuer, audience, names.life()))
}

/// An access token of a user with these roles.
pub(crate) fn token(issuer: &Issuer, roles: Vec<RoleName>) -> anyhow::Result<String> {
    let subject = Subject {
        user: Uuid::new_v4(),
        session: Uuid::new_v4(),
        session_number: 1,
        roles,
        revision: 1_000_000,
    };
    let token = issuer.issue(subject).map_err(|problem| anyhow::anyhow!("{}", problem.code))?;
    Ok(token.text)
}

/// One request for each of `tokens` users with 1–3 roles: a film that a rule may name, with 2 labels.
pub(crate) async fn requests(
    db: &PgPool,
    config: &Config,
    rules: u32,
    tokens: u32,
) -> anyhow::Result<Vec<Request>> {
    let issuer = issuer(db, config).await?;
    let pool: Vec<RoleName> =
        (0..ROLES).map(|n| RoleName::parse(&format!("role{n}"))).collect::<Result<_, _>>()?;
    let mut random = StdRng::seed_from_u64(2);
    let mut requests = Vec::new();
    for _ in 0..tokens {
        let count = random.random_range(1..=3);
        let held = pool.choose_multiple(&mut random, count).cloned().collect();
        let token = token(&issuer, held)?;
        let film = film(random.random_range(0..rules));
        let mut label = || format!("label{}", random.random_range(0..LABELS));
        let resource = json!({ "type": "film", "id": film, "labels": [label(), label()] });
        let body = json!({ "action": "read", "resource": resource }).to_string();
        requests.push(Request { token, body });
    }
    Ok(requests)
}
