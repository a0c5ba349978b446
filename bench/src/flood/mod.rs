//! What clients that have no account can cost everybody else: logins of other users and `/check` during
//! floods of every kind, compared with the same load without the flood.

mod attack;
mod attacker;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, json};

use self::attack::{ATTACKS, Attack, Material};
use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::open_loop::{self, Load};
use crate::process::Server;
use crate::stats::{Pairs, Spread};
use crate::{users, workload};

/// A proxy on this host names the clients, so that each has a network of its own.
const BEHIND_PROXY: (&str, &str) = ("AUTH_TRUSTED_PROXIES", "127.0.0.0/8");
const USERS: u32 = 500;
const RULES: u32 = 10_000;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pairs: Pairs,
    /// Logins of other users per second.
    #[arg(long, default_value_t = 8.0)]
    logins: f64,
    /// `/check` requests per second.
    #[arg(long, default_value_t = 500.0)]
    checks: f64,
    /// Run only this flood.
    #[arg(long)]
    only: Option<String>,
}

/// The effect of one kind of flood.
#[derive(Serialize)]
struct Effect {
    /// p99 of other users' logins, as a multiple of that without the flood.
    login_p99: Spread,
    /// p99 of `/check`, likewise.
    check_p99: Spread,
    /// Growth of the resident memory from the first round to the last, in MiB.
    growth_mib: f64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    users::insert(&deployment.pool, USERS).await?;
    workload::insert_rules(&deployment.pool, RULES).await?;
    let server = deployment.serve_with("0-1023", &[BEHIND_PROXY]).await?;
    let material = Material::prepare(&deployment, options.deletions()).await?;
    let others = Others::prepare(&deployment, &server.address).await?;
    let mut effects = Map::new();
    for attack in &ATTACKS {
        if options.only.as_ref().is_some_and(|only| only != attack.name) {
            continue;
        }
        let effect = flood(options, &server, &others, attack, &material).await?;
        effects.insert(attack.name.to_owned(), serde_json::to_value(effect)?);
    }
    println!("{}", json!({ "bench": "flood", "floods": effects }));
    Ok(())
}

impl Options {
    /// Accounts that the flood of deletions needs.
    fn deletions(&self) -> u32 {
        // A flood goes on for half a second after the measurement.
        (self.pairs.rounds + 1) * (self.pairs.seconds + 1) * attack::DELETIONS_PER_SECOND
    }
}

async fn flood(
    options: &Options,
    server: &Server,
    others: &Others,
    attack: &'static Attack,
    material: &Arc<Material>,
) -> anyhow::Result<Effect> {
    let (mut logins, mut checks, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    let time = Duration::from_secs(options.pairs.seconds.into());
    for round in 0..=options.pairs.rounds {
        let quiet = others.measure(options).await?;
        let attackers = tokio::spawn(attacker::run(
            server.address.clone(),
            attack,
            Arc::clone(material),
            time + Duration::from_millis(500),
        ));
        let flooded = others.measure(options).await?;
        let answers = attackers.await??;
        // The first round is the warm-up.
        if round == 0 {
            continue;
        }
        println!(
            "{} {round}: logins p99 {:.0} → {:.0} ms, /check p99 {:.2} → {:.2} ms, {:.0} MiB; {answers}",
            attack.name,
            quiet.login_ms,
            flooded.login_ms,
            quiet.check_ms,
            flooded.check_ms,
            server.resident_mib()?
        );
        logins.push(flooded.login_ms / quiet.login_ms);
        checks.push(flooded.check_ms / quiet.check_ms);
        resident.push(server.resident_mib()?);
    }
    let growth_mib = resident.last().unwrap_or(&0.0) - resident.first().unwrap_or(&0.0);
    Ok(Effect { login_p99: Spread::of(logins), check_p99: Spread::of(checks), growth_mib })
}

/// What other users do meanwhile.
struct Others {
    address: String,
    logins: Arc<Vec<Vec<u8>>>,
    checks: Arc<Vec<Vec<u8>>>,
}

/// 99th percentiles, in milliseconds.
struct Latencies {
    login_ms: f64,
    check_ms: f64,
}

impl Others {
    async fn prepare(deployment: &Deployment, address: &str) -> anyhow::Result<Self> {
        let checks =
            workload::requests(&deployment.pool, &deployment.config()?, RULES, 1_000).await?;
        let checks = checks.iter().map(|request| request.to_http(address)).collect();
        let login = |number: u32| {
            let body = json!({ "login": format!("user{number}"), "password": users::PASSWORD });
            let network = format!("10.{}.{}.1", number / 256, number % 256);
            attack::post(address, "/api/v1/auth/login", &network, &body.to_string())
        };
        let logins = (0..USERS).map(login).collect();
        Ok(Self { address: address.to_owned(), logins: Arc::new(logins), checks: Arc::new(checks) })
    }

    /// A login that is refused is an error.
    async fn measure(&self, options: &Options) -> anyhow::Result<Latencies> {
        let seconds = options.pairs.seconds.into();
        let at = |rate| Load { rate, seconds };
        let logins = open_loop::run(&self.address, Arc::clone(&self.logins), at(options.logins));
        let checks = open_loop::run(&self.address, Arc::clone(&self.checks), at(options.checks));
        let (logins, checks) = tokio::try_join!(logins, checks)?;
        Ok(Latencies { login_ms: logins.p99_ms, check_ms: checks.p99_ms })
    }
}
