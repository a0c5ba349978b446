//! Redis is killed under load and comes back empty, or hangs and comes back with its data.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Server};
use tests::{Caller, Database, PASSWORD, Redis, until};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{guest, settings, with};

const SECOND: Duration = Duration::from_secs(1);

/// A signed-in user who sends requests to both servers continuously.
struct Watched {
    /// The user at the first and at the second server.
    at: [Caller; 2],
    refresh: Value,
    /// Set before the logout request is sent.
    leaving: AtomicBool,
    /// The time of the answer to the logout.
    logged_out: OnceLock<Instant>,
    taken: AtomicU32,
    unknown: AtomicU32,
}

impl Watched {
    async fn new(guest: &Caller, second: &str, login: &str) -> Arc<Self> {
        let body = json!({ "login": login, "password": PASSWORD });
        let tokens = guest.post("auth/register", &body).await.ok();
        let here = guest.with_token(tokens.get("access_token").and_then(Value::as_str).unwrap());
        let refresh = json!({ "refresh_token": tokens.get("refresh_token").unwrap() });
        let at = [here.clone(), here.at(second)];
        Arc::new(Self {
            at,
            refresh,
            leaving: AtomicBool::new(false),
            logged_out: OnceLock::new(),
            taken: AtomicU32::new(0),
            unknown: AtomicU32::new(0),
        })
    }

    /// Sends requests to one server until `stop`: an ended session is refused within a second, and
    /// an active one is never reported as ended.
    async fn ask(self: Arc<Self>, server: usize, stop: Arc<AtomicBool>) {
        let caller = self.at.get(server).unwrap();
        while !stop.load(Ordering::Relaxed) {
            let asked = Instant::now();
            let answer = caller.get("me").await;
            let since = self.logged_out.get().map(|at| asked.saturating_duration_since(*at));
            match answer.status {
                200 => {
                    assert!(since.is_none_or(|since| since < SECOND), "{since:?} {answer:?}");
                    self.taken.fetch_add(1, Ordering::Relaxed);
                }
                503 => {
                    answer.expect(503, "revocation_unknown");
                    self.unknown.fetch_add(1, Ordering::Relaxed);
                }
                _ => {
                    answer.expect(401, "token_revoked");
                    assert!(self.leaving.load(Ordering::SeqCst), "logged out by nobody");
                }
            }
            sleep(Duration::from_millis(40)).await;
        }
    }

    /// Logs out at one of the servers.
    async fn log_out(&self, server: usize) {
        let caller = self.at.get(server).unwrap();
        self.leaving.store(true, Ordering::SeqCst);
        caller.log_out().await.expect(204, "");
        self.logged_out.set(Instant::now()).unwrap();
    }
}

async fn watched(guest: &Caller, second: &str, group: &str, count: usize) -> Vec<Arc<Watched>> {
    let mut all = Vec::new();
    for number in 0..count {
        all.push(Watched::new(guest, second, &format!("{group}-{number}")).await);
    }
    all
}

async fn log_out(all: &[Arc<Watched>]) {
    for (number, user) in all.iter().enumerate() {
        user.log_out(number % 2).await;
    }
}

fn said(server: &Server, text: &str) -> bool {
    server.log().iter().any(|line| line.contains(text))
}

/// The kinds of outage.
#[derive(Clone, Copy, PartialEq)]
enum Outage {
    /// Redis is killed, and comes back empty.
    Killed,
    /// Redis is suspended, and comes back with all its data.
    Frozen,
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_redis_under_load_admits_no_ended_session_and_ends_no_active_one() {
    outage(Outage::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_redis_under_load_admits_no_ended_session_and_ends_no_active_one() {
    outage(Outage::Frozen).await;
}

async fn outage(kind: Outage) {
    let (database, mut redis) = (Database::migrated().await, Redis::start());
    let settings = with(&settings(&database), "REDIS_URL", &redis.url());
    let settings = with(&settings, "AUTH_PASSWORD_MEMORY_KIB", "256");
    let (mut one, mut two) = (AUTH_SERVER.serve(&settings), AUTH_SERVER.serve(&settings));
    let (guest, second) = (guest(&mut one), two.url("api"));
    let stay = watched(&guest, &second, "stay", 4).await;
    let leave = watched(&guest, &second, "leave", 14).await;

    let (stop, mut load) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for user in stay.iter().chain(&leave) {
        for server in [0, 1] {
            load.spawn(Arc::clone(user).ask(server, Arc::clone(&stop)));
        }
    }
    sleep(SECOND / 2).await;
    let (before, rest) = leave.split_at(4);
    let (during, after) = rest.split_at(6);
    log_out(before).await;
    // Revocations that Redis has not delivered yet are lost or delayed.
    match kind {
        Outage::Killed => redis.kill(),
        Outage::Frozen => redis.suspend(),
    }
    log_out(during).await;
    until("unavailable", async || {
        said(&one, "Redis is unavailable") && said(&two, "Redis is unavailable")
    })
    .await;
    sleep(2 * SECOND).await;
    match kind {
        Outage::Killed => redis.restart(),
        Outage::Frozen => redis.resume(),
    }
    until("back", async || {
        said(&one, "Redis is available again") && said(&two, "Redis is available again")
    })
    .await;
    let known = redis.revocations().await;
    assert!(kind == Outage::Frozen || known == 0);
    log_out(after).await;
    until("sent", async || redis.revocations().await >= known + after.len()).await;
    sleep(2 * SECOND).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
    settled(&guest, &stay, &leave).await;
}

/// Asserts that active sessions were hardly disturbed and ended ones are refused.
async fn settled(guest: &Caller, stay: &[Arc<Watched>], leave: &[Arc<Watched>]) {
    let sum = |count: fn(&Watched) -> &AtomicU32| {
        stay.iter().map(|user| count(user).load(Ordering::Relaxed)).sum::<u32>()
    };
    let (taken, unknown) = (sum(|user| &user.taken), sum(|user| &user.unknown));
    println!("of those who stayed: {taken} answers, {unknown} times not known for the moment");
    assert!(taken > 10 * unknown, "{taken} {unknown}");
    for user in stay {
        for caller in &user.at {
            until("taken", async || caller.get("me").await.status == 200).await;
        }
        guest.post("auth/refresh", &user.refresh).await.expect(200, "");
    }
    for user in leave {
        for caller in &user.at {
            until("refused", async || caller.get("me").await.status == 401).await;
        }
        guest.post("auth/refresh", &user.refresh).await.expect(401, "refresh_token_invalid");
    }
}
