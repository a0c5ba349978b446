//! After a fault: is everything that was acknowledged still so?

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::{At, Reply};
use crate::ledger::{Account, Fact, FilmWrite};
use crate::load::{CHECK, Identity, Load, film};
use crate::recorder::Category;
use crate::stores::Stores;
use crate::verdict;

/// How long an answer is waited for, and films that are to be labelled.
const LIMIT: Duration = Duration::from_mins(1);

/// An access token lives for five minutes; afterwards it says nothing about its session.
const TOKEN: Duration = Duration::from_secs(280);

/// How much of the ledger was already checked.
#[derive(Default)]
pub(crate) struct Audit {
    accounts: usize,
    facts: usize,
}

impl Audit {
    /// Checks what was acknowledged since the last call, and all rules.
    pub(crate) async fn recent(&mut self, load: &Load) {
        let (accounts, facts) = {
            let book = load.ledger.book();
            (book.accounts.clone(), book.facts.clone())
        };
        for account in accounts.iter().skip(self.accounts) {
            check_account(load, account).await;
        }
        for fact in facts.iter().skip(self.facts) {
            check_fact(load, fact).await;
        }
        (self.accounts, self.facts) = (accounts.len(), facts.len());
        check_rules(load).await;
    }

    /// Checks everything.
    pub(crate) async fn all(load: &Load) {
        Self::default().recent(load).await;
    }
}

/// The account exists, and has the role that it was granted.
async fn check_account(load: &Load, account: &Account) {
    let reply = answered(async || load.log_in(&account.login).await).await;
    let (Some(expected), true) = (account.is_subscriber, reply.is_success()) else { return };
    let token = reply.text("/access_token");
    let question = || film("new-01", &["new"]);
    let ask = async || load.http.post(At::Proxy, CHECK, Some(token), question()).await;
    let what = format!("a new film to {}", account.login);
    load.recorder.add(verdict::of_decision(&what, expected, &answered(ask).await));
}

/// What was forbidden is so at both servers.
async fn check_fact(load: &Load, fact: &Fact) {
    if fact.at.elapsed() > TOKEN {
        return;
    }
    for at in [At::Auth(0), At::Auth(1)] {
        answered(async || load.ask(fact, at).await).await;
    }
}

async fn check_rules(load: &Load) {
    let writes = load.ledger.book().rules.clone();
    let mut found = Vec::new();
    let mut path = "/api/v1/rules?limit=1000".to_owned();
    loop {
        let token = load.identities.token(Identity::Superuser);
        let get = async || load.http.get(At::Proxy, &path, token.as_deref()).await;
        let reply = answered(get).await;
        let Some(rules) = reply.body.pointer("/items").and_then(Value::as_array) else {
            return load.recorder.find(Category::Unexpected, format!("rules: {}", reply.summary()));
        };
        let resources = rules.iter().filter_map(|rule| rule.pointer("/resource")?.as_str());
        found.extend(resources.filter_map(|it| it.strip_prefix("film:")).map(ToOwned::to_owned));
        let next = reply.text("/next");
        if next.is_empty() {
            break;
        }
        path = format!("/api/v1/rules?limit=1000&cursor={next}");
    }
    load.recorder.add(verdict::of_rules(&writes, &found));
}

/// Repeats a request until the site answers.
async fn answered(request: impl AsyncFn() -> Reply) -> Reply {
    let begin = Instant::now();
    loop {
        let reply = request().await;
        if !reply.is_refusal() || begin.elapsed() > LIMIT {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until all films that were written so far are labelled. Returns the longest time that one of those
/// written since `since` took.
pub(crate) async fn labels(load: &Load, stores: &Stores, since: DateTime<Utc>) -> Duration {
    let begin = Instant::now();
    let films = load.ledger.book().films.clone();
    let films: Vec<(String, FilmWrite)> = films.into_iter().collect();
    let mut longest = Duration::ZERO;
    let mut missing: Vec<String> = films.iter().map(|(id, _)| id.clone()).collect();
    let ids: Vec<&String> = films.iter().map(|(id, _)| id).collect();
    while !missing.is_empty() && begin.elapsed() < LIMIT {
        let found = stores
            .search(Method::POST, &format!("{}/_mget", load.index), &json!({ "ids": ids }))
            .await;
        let documents = found.ok().and_then(|found| found.get("docs").cloned()).unwrap_or_default();
        missing.clear();
        for (index, (id, film)) in films.iter().enumerate() {
            let labelled = documents.pointer(&format!("/{index}/_source/access/labelled_at"));
            let labelled: Option<DateTime<Utc>> =
                labelled.and_then(Value::as_str).and_then(|text| text.parse().ok());
            let Some(labelled) = labelled else {
                missing.push(id.clone());
                continue;
            };
            if film.at >= since {
                longest = longest.max((labelled - film.at).to_std().unwrap_or_default());
            }
            load.recorder.add(verdict::of_film(id, film, labelled));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    for id in missing {
        load.recorder.find(Category::Lost, format!("{id} is not labelled after {LIMIT:?}"));
    }
    longest
}
