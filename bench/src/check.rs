//! `/check` compared with a bare handler: maximum throughput in alternating pairs, then latency at half
//! the maximum. Other builds of auth-server, and other numbers of rules, can be measured in the same rounds.

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::open_loop::{self, Latency, Load};
use crate::process::{SERVER_CORE, Server};
use crate::stats::{Pairs, Spread};
use crate::workload::{self, Request};
use crate::wrk;

/// Connections of wrk.
const CONNECTIONS: u32 = 32;

#[derive(Args)]
pub(crate) struct Options {
    /// Number of rules in the policy.
    #[arg(long, default_value_t = 10_000)]
    rules: u32,
    /// Number of users, each with an access token.
    #[arg(long, default_value_t = 10_000)]
    tokens: u32,
    #[command(flatten)]
    pairs: Pairs,
    /// Another build of auth-server, measured in the same rounds; can be repeated.
    #[arg(long, value_name = "PROGRAM")]
    beside: Vec<PathBuf>,
    /// Another number of rules, measured in the same rounds; can be repeated.
    #[arg(long, value_name = "RULES")]
    beside_rules: Vec<u32>,
}

/// A server, and the requests that wrk sends to it.
struct Candidate {
    name: String,
    server: Server,
    file: PathBuf,
    runs: Vec<wrk::Run>,
}

impl Candidate {
    fn run(&self, seconds: u32) -> anyhow::Result<wrk::Run> {
        wrk::run(&self.server, &self.file, CONNECTIONS, seconds)
    }

    fn median_rate(&self) -> f64 {
        Spread::of(self.runs.iter().map(|run| run.per_second)).median
    }

    /// `of` this run and that of the other candidate in the same round, for each round.
    fn compared(&self, other: &Self, of: fn(&wrk::Run) -> f64) -> Spread {
        Spread::of(self.runs.iter().zip(&other.runs).map(|(run, other)| of(run) / of(other)))
    }
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let count = 1 + options.beside.len() + options.beside_rules.len();
    deployment::with_databases(count, async |databases| measure(options, databases).await).await
}

async fn measure(options: &Options, databases: &[Database]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let own = std::env::current_exe()?.with_file_name("auth-server");
    let builds = options.beside.iter().map(|program| (program, options.rules));
    let policies = options.beside_rules.iter().map(|&rules| (&own, rules));
    let all = iter::once((&own, options.rules)).chain(builds).chain(policies);
    let (mut candidates, mut requests) = (Vec::new(), Vec::new());
    for (number, ((program, rules), database)) in all.zip(databases).enumerate() {
        let deployment = Deployment::of(program.clone(), database).await?;
        let name = match number {
            0 => "/check".to_owned(),
            _ if *program == own => format!("{rules} rules"),
            _ => program.display().to_string(),
        };
        workload::insert_rules(&deployment.pool, rules).await?;
        // Its first start makes the key that signs the tokens.
        let server = deployment.serve(SERVER_CORE).await?;
        let (pool, config) = (&deployment.pool, deployment.config()?);
        let own_requests = workload::requests(pool, &config, rules, options.tokens).await?;
        let file = folder.path().join(number.to_string());
        wrk::write_requests(&file, &to_http(&own_requests, &server.address))?;
        candidates.push(Candidate { name, server, file, runs: Vec::new() });
        if number == 0 {
            requests = own_requests;
        }
    }
    let server = Server::start(&std::env::current_exe()?, SERVER_CORE, |command, address| {
        command.args(["bare", address]);
    })
    .await?;
    let file = folder.path().join("bare");
    wrk::write_requests(&file, &to_http(&requests, &server.address))?;
    candidates.insert(1, Candidate { name: "bare".to_owned(), server, file, runs: Vec::new() });
    println!(
        "{} rules, {} tokens, 2 labels per film, {} pairs of {} s; wrk -t1 -c{CONNECTIONS}; one core each",
        options.rules, options.tokens, options.pairs.rounds, options.pairs.seconds
    );
    compare(options, &mut candidates, &requests).await
}

async fn compare(
    options: &Options,
    candidates: &mut [Candidate],
    requests: &[Request],
) -> anyhow::Result<()> {
    throughput(options, candidates)?;
    let [check, bare, beside @ ..] = &*candidates else { bail!("no candidates") };
    let rate = check.median_rate().min(bare.median_rate()) / 2.0;
    let load = Load { rate, seconds: 3.0 };
    let check_latency = latency(&check.server, requests, load).await?;
    let bare_latency = latency(&bare.server, requests, load).await?;
    print_side(check, check_latency);
    print_side(bare, bare_latency);
    let cpu = bare.compared(check, |run| run.cpu_us);
    let ratio = check.compared(bare, |run| run.per_second);
    println!(
        "CPU time of bare / of /check: {:.3} (min {:.3}, max {:.3})",
        cpu.median, cpu.min, cpu.max
    );
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    for other in beside {
        print_beside(other, check, bare);
    }
    println!(
        "{}",
        json!({
            "bench": "check", "rules": options.rules, "tokens": options.tokens,
            "ratio": ratio.median, "ratio_min": ratio.min, "ratio_max": ratio.max,
            "cpu_ratio": cpu.median,
            "rps": check.median_rate(), "bare_rps": bare.median_rate(),
            "open_loop_rate": rate, "open_loop_p99_ms": check_latency.p99_ms,
            "bare_open_loop_p99_ms": bare_latency.p99_ms,
            "resident_mib": check.server.resident_mib()?,
            "beside": beside.iter().map(|other| json!({
                "program": other.name,
                "ratio": other.compared(bare, |run| run.per_second),
                "gain": other.compared(check, |run| run.per_second),
            })).collect::<Vec<_>>(),
        })
    );
    Ok(())
}

fn to_http(requests: &[Request], address: &str) -> Vec<Vec<u8>> {
    requests.iter().map(|request| request.to_http(address)).collect()
}

/// Runs every candidate in every round, so that a change in the machine's load affects all.
fn throughput(options: &Options, candidates: &mut [Candidate]) -> anyhow::Result<()> {
    let seconds = options.pairs.seconds;
    // Warm up: every token and every class of decision occurs once before the measurement.
    for candidate in &*candidates {
        candidate.run(seconds)?;
    }
    for round in 1..=options.pairs.rounds {
        print!("round {round}:");
        for candidate in &mut *candidates {
            let run = candidate.run(seconds)?;
            print!("  {} {:.0}/s {:.1} µs", candidate.name, run.per_second, run.cpu_us);
            candidate.runs.push(run);
        }
        println!();
    }
    Ok(())
}

async fn latency(server: &Server, requests: &[Request], load: Load) -> anyhow::Result<Latency> {
    open_loop::run(&server.address, Arc::new(to_http(requests, &server.address)), load).await
}

fn print_side(side: &Candidate, latency: Latency) {
    let rate = Spread::of(side.runs.iter().map(|run| run.per_second));
    let p50 = Spread::of(side.runs.iter().map(|run| run.p50_ms));
    let p99 = Spread::of(side.runs.iter().map(|run| run.p99_ms));
    println!(
        "{:>7}: {:>7.0}/s (min {:.0}, max {:.0}); at full load p50 {:.2} ms p99 {:.2} ms; \
         at half the maximum p50 {:.2} ms p99 {:.2} ms",
        side.name,
        rate.median,
        rate.min,
        rate.max,
        p50.median,
        p99.median,
        latency.p50_ms,
        latency.p99_ms
    );
}

fn print_beside(other: &Candidate, check: &Candidate, bare: &Candidate) {
    let ratio = other.compared(bare, |run| run.per_second);
    let gain = other.compared(check, |run| run.per_second);
    println!(
        "{}: ratio {:.3} (min {:.3}, max {:.3}); {:.3} × /check (quartiles {:.3} and {:.3})",
        other.name,
        ratio.median,
        ratio.min,
        ratio.max,
        gain.median,
        gain.lower_quartile,
        gain.upper_quartile
    );
}
