//! Rules written over HTTP while `/check` is under load: how long until a rule is in force, and what the load notices.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::json_answer::{bool_at, text_at, value_at};
use crate::open_loop::{self, Latency, Load, Sample};
use crate::process::SERVER_CORE;
use crate::response::read_response;
use crate::stats::Spread;
use crate::users::{self, LoginClient};
use crate::{message, workload};

/// A rule has to be in force this long after the answer, ms.
const MAX_IN_FORCE_MS: f64 = 50.0;
/// The p99 of `/check` around writes may be this much above the quiet one, ms.
const MAX_SPIKE_MS: f64 = 5.0;
/// What a write is held responsible for after it is in force.
const AFTERWARDS: Duration = Duration::from_millis(50);

#[derive(Args)]
pub(crate) struct Options {
    /// Number of rules in the policy.
    #[arg(long, default_value_t = 100_000)]
    rules: u32,
    /// Number of users, each with an access token.
    #[arg(long, default_value_t = 10_000)]
    tokens: u32,
    /// Requests of `/check` per second.
    #[arg(long, default_value_t = 2_000)]
    rate: u32,
    /// Number of rules of each kind that are written.
    #[arg(long, default_value_t = 20)]
    writes: u32,
    /// Time between two writes, ms.
    #[arg(long, default_value_t = 500)]
    interval: u32,
}

/// What a rule is about, in the order in which they are written.
const KINDS: [Kind; 3] = [
    Kind {
        name: "a film",
        resource: |n| format!("film:probe{n}"),
        film: |n| format!("probe{n}"),
        label: None,
    },
    Kind {
        name: "a label",
        resource: |n| format!("label:label{n}"),
        film: |_| "probe".to_owned(),
        label: Some(|n| format!("label{n}")),
    },
    Kind {
        name: "100 films",
        resource: |n| format!("film:tt{n:05}*"),
        film: |n| format!("tt{n:05}00"),
        label: None,
    },
];

struct Kind {
    name: &'static str,
    /// Resource of the rule.
    resource: fn(u32) -> String,
    /// Film that a guest may not read any more when the rule is in force.
    film: fn(u32) -> String,
    /// Label of this film.
    label: Option<fn(u32) -> String>,
}

/// One write.
struct Written {
    kind: &'static str,
    sent: Instant,
    answered: Instant,
    in_force: Instant,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    workload::insert_rules(&deployment.pool, options.rules).await?;
    users::insert(&deployment.pool, 1).await?;
    deployment.run(&["superuser", "create", "user0", "--promote"])?;
    let server = deployment.serve(SERVER_CORE).await?;
    let config = deployment.config()?;
    let requests =
        workload::requests(&deployment.pool, &config, options.rules, options.tokens).await?;
    let requests: Vec<_> = requests.iter().map(|it| it.to_http(&server.address)).collect();
    let requests = Arc::new(requests);
    let count = options.writes * u32::try_from(KINDS.len())?;
    println!(
        "{} rules, {} tokens, {} requests per second, {count} writes at intervals of {} ms; one core for the server",
        options.rules, options.tokens, options.rate, options.interval
    );
    let rate = f64::from(options.rate);
    // Warm up: every token and every class of decision occurs once.
    let warm_up = Load { rate, seconds: f64::from(options.tokens) / rate + 1.0 };
    open_loop::run(&server.address, Arc::clone(&requests), warm_up).await?;
    let mut writer = Writer::log_in(&server.address).await?;
    let seconds = f64::from(count + 1) * (f64::from(options.interval) + 50.0) / 1000.0;
    let load = open_loop::samples(&server.address, requests, Load { rate, seconds });
    let (samples, written) = tokio::join!(load, writer.write_all(options));
    report(options, &samples?, &written?);
    Ok(())
}

/// A superuser, and a guest who asks whether the rule is in force.
struct Writer {
    stream: TcpStream,
    address: String,
    headers: String,
    buffer: Vec<u8>,
}

impl Writer {
    async fn log_in(address: &str) -> anyhow::Result<Self> {
        let mut clients = LoginClient::several(address, 1, 1);
        let tokens = clients.first_mut().context("no client")?.login().await?;
        let token = text_at(&tokens, "/access_token")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let headers = message::bearer(token);
        Ok(Self { stream, address: address.to_owned(), headers, buffer: Vec::new() })
    }

    async fn write_all(&mut self, options: &Options) -> anyhow::Result<Vec<Written>> {
        let mut written = Vec::new();
        for number in 0..options.writes {
            for kind in &KINDS {
                tokio::time::sleep(Duration::from_millis(options.interval.into())).await;
                written.push(self.write(kind, number).await?);
            }
        }
        Ok(written)
    }

    async fn write(&mut self, kind: &Kind, number: u32) -> anyhow::Result<Written> {
        ensure!(self.may_read(kind, number).await?, "a guest may not read the film already");
        let rule = json!({
            "priority": 15, "role": "anonymous", "resource": (kind.resource)(number), "action": "read",
            "effect": "deny",
        });
        let headers = self.headers.clone();
        let sent = Instant::now();
        let answer = self.post("/api/v1/rules", &headers, &rule).await?;
        let answered = Instant::now();
        value_at(&answer, "/revision")?;
        while self.may_read(kind, number).await? {
            ensure!(answered.elapsed() < Duration::from_secs(10), "the rule is not in force");
        }
        Ok(Written { kind: kind.name, sent, answered, in_force: Instant::now() })
    }

    async fn may_read(&mut self, kind: &Kind, number: u32) -> anyhow::Result<bool> {
        let labels: Vec<String> = kind.label.iter().map(|label| label(number)).collect();
        let film = json!({ "type": "film", "id": (kind.film)(number), "labels": labels });
        let body = json!({ "action": "read", "resource": film });
        let answer = self.post("/api/v1/check", "", &body).await?;
        bool_at(&answer, "/allowed")
    }

    async fn post(&mut self, path: &str, headers: &str, body: &Value) -> anyhow::Result<Value> {
        let message = message::post(&self.address, path, headers, &body.to_string());
        self.stream.write_all(&message).await?;
        Ok(serde_json::from_str(&read_response(&mut self.stream, &mut self.buffer).await?)?)
    }
}

fn report(options: &Options, samples: &[Sample], written: &[Written]) {
    let during = |write: &Written, sample: &Sample| {
        (write.sent..write.in_force + AFTERWARDS).contains(&sample.due)
    };
    let is_quiet = |sample: &&Sample| !written.iter().any(|write| during(write, sample));
    let quiet = Latency::of(samples.iter().filter(is_quiet).map(|sample| sample.latency));
    println!("quiet: p50 {:.2} ms, p99 {:.2} ms", quiet.p50_ms, quiet.p99_ms);
    let mut kinds = Vec::new();
    for kind in KINDS.iter().map(|kind| kind.name) {
        let writes: Vec<&Written> = written.iter().filter(|write| write.kind == kind).collect();
        let of_kind = |sample: &&Sample| writes.iter().any(|write| during(write, sample));
        let load = Latency::of(samples.iter().filter(of_kind).map(|sample| sample.latency));
        let ms = |of: fn(&Written) -> Duration| {
            Spread::of(writes.iter().map(|write| of(write).as_secs_f64() * 1000.0))
        };
        let answered = ms(|write| write.answered - write.sent);
        let in_force = ms(|write| write.in_force - write.answered);
        let total = ms(|write| write.in_force - write.sent);
        println!(
            "a rule about {kind}: answered after {:.1} ms (max {:.1}), in force {:.1} ms after that (max {:.1}); \
             /check around it: p50 {:.2} ms, p99 {:.2} ms",
            answered.median, answered.max, in_force.median, in_force.max, load.p50_ms, load.p99_ms
        );
        kinds.push(json!({
            "about": kind, "answered_ms": answered, "in_force_ms": in_force, "sent_to_in_force_ms": total,
            "p50_ms": load.p50_ms, "p99_ms": load.p99_ms,
            "target_met": in_force.max <= MAX_IN_FORCE_MS && load.p99_ms - quiet.p99_ms <= MAX_SPIKE_MS,
        }));
    }
    println!(
        "{}",
        json!({
            "bench": "write", "rules": options.rules, "tokens": options.tokens, "rate": options.rate,
            "writes": options.writes, "quiet_p50_ms": quiet.p50_ms, "quiet_p99_ms": quiet.p99_ms, "kinds": kinds,
        })
    );
}
