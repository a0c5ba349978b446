//! `/check` compared with a bare handler: maximum throughput in alternating pairs, then latency at half
//! the maximum.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::open_loop::{self, Latency, Load};
use crate::process::{SERVER_CORE, Server};
use crate::stats::{Pairs, Spread};
use crate::workload::{self, Request};
use crate::wrk;

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
}

/// The server with the policy, and the bare handler.
struct Servers {
    check: Server,
    bare: Server,
}

/// The runs of one side.
struct Side {
    runs: Vec<wrk::Run>,
    latency: Latency,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let deployment = Deployment::prepare(database).await?;
    workload::insert_rules(&deployment.pool, options.rules).await?;
    let check = deployment.serve(SERVER_CORE).await?;
    let bare = Server::start(&std::env::current_exe()?, SERVER_CORE, |command, address| {
        command.args(["bare", address]);
    })
    .await?;
    let (pool, config) = (&deployment.pool, deployment.config()?);
    let requests = workload::requests(pool, &config, options.rules, options.tokens).await?;
    let file = write_requests(folder.path(), &requests)?;
    println!(
        "{} rules, {} tokens, 2 labels per film, {} pairs of {} s; wrk -t1 -c32; one core each",
        options.rules, options.tokens, options.pairs.rounds, options.pairs.seconds
    );
    compare(options, &Servers { check, bare }, &file, &requests).await
}

fn write_requests(folder: &Path, requests: &[Request]) -> anyhow::Result<PathBuf> {
    let file = folder.join("requests");
    let lines = requests.iter().map(|request| format!("{}\t{}\n", request.token, request.body));
    std::fs::write(&file, lines.collect::<String>())?;
    Ok(file)
}

async fn compare(
    options: &Options,
    servers: &Servers,
    file: &Path,
    requests: &[Request],
) -> anyhow::Result<()> {
    let (check, bare) = throughput(options, servers, file)?;
    let rate = median_rate(&check).min(median_rate(&bare)) / 2.0;
    let load = Load { rate, seconds: 3.0 };
    let check = Side { latency: latency(&servers.check, requests, load).await?, runs: check };
    let bare = Side { latency: latency(&servers.bare, requests, load).await?, runs: bare };
    print_side("/check", &check);
    print_side("bare", &bare);
    let pairs = || check.runs.iter().zip(&bare.runs);
    let cpu = Spread::of(pairs().map(|(check, bare)| bare.cpu_us / check.cpu_us));
    let ratio = Spread::of(pairs().map(|(check, bare)| check.per_second / bare.per_second));
    println!(
        "CPU time of bare / of /check: {:.3} (min {:.3}, max {:.3})",
        cpu.median, cpu.min, cpu.max
    );
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    println!(
        "{}",
        json!({
            "bench": "check", "rules": options.rules, "tokens": options.tokens,
            "ratio": ratio.median, "ratio_min": ratio.min, "ratio_max": ratio.max,
            "cpu_ratio": cpu.median,
            "rps": median_rate(&check.runs), "bare_rps": median_rate(&bare.runs),
            "open_loop_rate": rate, "open_loop_p99_ms": check.latency.p99_ms,
            "bare_open_loop_p99_ms": bare.latency.p99_ms,
            "resident_mib": servers.check.resident_mib()?,
        })
    );
    Ok(())
}

/// The runs of `/check` and of the bare handler.
fn throughput(
    options: &Options,
    servers: &Servers,
    file: &Path,
) -> anyhow::Result<(Vec<wrk::Run>, Vec<wrk::Run>)> {
    let seconds = options.pairs.seconds;
    // Warm up: every token and every class of decision occurs once before the measurement.
    wrk::run(&servers.check, file, seconds)?;
    wrk::run(&servers.bare, file, 1)?;
    let (mut check_runs, mut bare_runs) = (Vec::new(), Vec::new());
    for round in 1..=options.pairs.rounds {
        let check = wrk::run(&servers.check, file, seconds)?;
        let bare = wrk::run(&servers.bare, file, seconds)?;
        println!(
            "pair {round}: /check {:>7.0}/s {:>5.1} µs  bare {:>7.0}/s {:>5.1} µs  ratio {:.3}",
            check.per_second,
            check.cpu_us,
            bare.per_second,
            bare.cpu_us,
            check.per_second / bare.per_second
        );
        check_runs.push(check);
        bare_runs.push(bare);
    }
    Ok((check_runs, bare_runs))
}

async fn latency(server: &Server, requests: &[Request], load: Load) -> anyhow::Result<Latency> {
    let requests = requests.iter().map(|request| request.to_http(&server.address)).collect();
    open_loop::run(&server.address, Arc::new(requests), load).await
}

fn median_rate(runs: &[wrk::Run]) -> f64 {
    Spread::of(runs.iter().map(|run| run.per_second)).median
}

fn print_side(name: &str, side: &Side) {
    let rate = Spread::of(side.runs.iter().map(|run| run.per_second));
    let p50 = Spread::of(side.runs.iter().map(|run| run.p50_ms));
    let p99 = Spread::of(side.runs.iter().map(|run| run.p99_ms));
    println!(
        "{name:>7}: {:>7.0}/s (min {:.0}, max {:.0}); at full load p50 {:.2} ms p99 {:.2} ms; \
         at half the maximum p50 {:.2} ms p99 {:.2} ms",
        rate.median,
        rate.min,
        rate.max,
        p50.median,
        p99.median,
        side.latency.p50_ms,
        side.latency.p99_ms
    );
}
