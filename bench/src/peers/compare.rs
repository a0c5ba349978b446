//! Two sides measured in alternating runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};

use super::embedded::Embedded;
use super::side::{Operation, Side};
use crate::open_loop::{self, Latency, Load};
use crate::stats::{Pairs, Spread};
use crate::wrk::{self, Run};

/// Requests that a run should have at least; runs of slow sides are made longer for it.
const MIN_REQUESTS: f64 = 50.0;
/// Limit for that.
const MAX_SECONDS: u32 = 30;

/// Runs of both sides in the same rounds.
struct Rounds {
    runs: Vec<(Run, Run)>,
    /// Duration of the longer runs.
    seconds: u32,
}

impl Rounds {
    fn alternate(
        pairs: &Pairs,
        mut ours: impl FnMut(u32) -> anyhow::Result<Run>,
        mut peer: impl FnMut(u32) -> anyhow::Result<Run>,
    ) -> anyhow::Result<Self> {
        let own_seconds = warm_up(pairs.seconds, &mut ours)?;
        let peer_seconds = warm_up(pairs.seconds, &mut peer)?;
        let round = |_| anyhow::Ok((ours(own_seconds)?, peer(peer_seconds)?));
        let runs = (0..pairs.rounds).map(round).collect::<Result<_, _>>()?;
        Ok(Self { runs, seconds: own_seconds.max(peer_seconds) })
    }

    fn ours(&self, of: fn(&Run) -> f64) -> f64 {
        Spread::of(self.runs.iter().map(|(ours, _)| of(ours))).median
    }

    fn peer(&self, of: fn(&Run) -> f64) -> f64 {
        Spread::of(self.runs.iter().map(|(_, peer)| of(peer))).median
    }

    /// Throughput of ours divided by that of the peer in the same round.
    fn ratio(&self) -> Spread {
        Spread::of(self.runs.iter().map(|(ours, peer)| ours.per_second / peer.per_second))
    }

    fn cpu_ratio(&self) -> f64 {
        Spread::of(self.runs.iter().map(|(ours, peer)| peer.cpu_us / ours.cpu_us)).median
    }
}

/// Warms a side up, and returns for how long it has to run so that the result is not a matter of a few requests.
fn warm_up(
    mut seconds: u32,
    run: &mut impl FnMut(u32) -> anyhow::Result<Run>,
) -> anyhow::Result<u32> {
    while run(seconds)?.requests < MIN_REQUESTS && seconds < MAX_SECONDS {
        seconds *= 2;
    }
    Ok(seconds)
}

/// One line of the results.
pub(crate) struct Comparison {
    operation: String,
    peer: String,
    ratio: Spread,
    /// CPU time of the peer for a request, divided by ours: depends less on what else the machine does.
    cpu_ratio: f64,
    sides: [Figures; 2],
}

struct Figures {
    per_second: f64,
    latency: Latency,
    cpu_us: f64,
    resident_mib: f64,
}

/// An operation of two servers. Latency is that at half the throughput of the slower one.
pub(crate) async fn servers(
    pairs: &Pairs,
    folder: &Path,
    (ours, operation): (&Side, Operation),
    (peer, peer_operation): (&Side, Operation),
) -> anyhow::Result<Comparison> {
    let sides =
        [(ours, operation, folder.join("ours")), (peer, peer_operation, folder.join("peer"))];
    for (side, operation, file) in &sides {
        wrk::write_requests(file, messages(side, *operation)?)?;
    }
    let [(_, _, own_file), (_, _, peer_file)] = &sides;
    let rounds = Rounds::alternate(
        pairs,
        |seconds| wrk::run(&ours.server, own_file, operation.connections(), seconds),
        |seconds| wrk::run(&peer.server, peer_file, operation.connections(), seconds),
    )?;
    let rate = rounds.ours(|run| run.per_second).min(rounds.peer(|run| run.per_second)) / 2.0;
    let load = Load { rate, seconds: f64::from(rounds.seconds) };
    let own_figures = Figures {
        per_second: rounds.ours(|run| run.per_second),
        latency: latency(ours, operation, load).await?,
        cpu_us: rounds.ours(|run| run.cpu_us),
        resident_mib: ours.server.resident_mib()?,
    };
    let peer_figures = Figures {
        per_second: rounds.peer(|run| run.per_second),
        latency: latency(peer, peer_operation, load).await?,
        cpu_us: rounds.peer(|run| run.cpu_us),
        resident_mib: peer.server.resident_mib()?,
    };
    let is_own = std::ptr::eq(ours, peer);
    let name = if is_own { format!("{peer_operation} of auth-server") } else { peer.name.clone() };
    Ok(Comparison {
        operation: operation.to_string(),
        peer: name,
        ratio: rounds.ratio(),
        cpu_ratio: rounds.cpu_ratio(),
        sides: [own_figures, peer_figures],
    })
}

/// Two programs that decide in process.
pub(crate) fn programs(
    pairs: &Pairs,
    ours: &mut Embedded,
    peer: &mut Embedded,
) -> anyhow::Result<Comparison> {
    let rounds =
        Rounds::alternate(pairs, |seconds| ours.run(seconds), |seconds| peer.run(seconds))?;
    let latency = |of: &dyn Fn(fn(&Run) -> f64) -> f64| Latency {
        p50_ms: of(|run| run.p50_ms),
        p99_ms: of(|run| run.p99_ms),
    };
    let own_figures = Figures {
        per_second: rounds.ours(|run| run.per_second),
        latency: latency(&|of| rounds.ours(of)),
        cpu_us: rounds.ours(|run| run.cpu_us),
        resident_mib: ours.resident_mib()?,
    };
    let peer_figures = Figures {
        per_second: rounds.peer(|run| run.per_second),
        latency: latency(&|of| rounds.peer(of)),
        cpu_us: rounds.peer(|run| run.cpu_us),
        resident_mib: peer.resident_mib()?,
    };
    Ok(Comparison {
        operation: "in process".to_owned(),
        peer: peer.name.clone(),
        ratio: rounds.ratio(),
        cpu_ratio: rounds.cpu_ratio(),
        sides: [own_figures, peer_figures],
    })
}

fn messages(side: &Side, operation: Operation) -> anyhow::Result<&[Vec<u8>]> {
    Ok(&side.operations.get(&operation).context("an operation that the side lacks")?.messages)
}

async fn latency(side: &Side, operation: Operation, load: Load) -> anyhow::Result<Latency> {
    let messages = Arc::new(messages(side, operation)?.to_vec());
    open_loop::run(&side.server.address, messages, load).await
}

impl Comparison {
    pub(crate) fn print(&self) {
        let Self { operation, peer, ratio, cpu_ratio, sides: [ours, other] } = self;
        println!(
            "{operation:>12} beside {peer}: {:.2} × (min {:.2}, max {:.2}), by CPU time {cpu_ratio:.1} ×",
            ratio.median, ratio.min, ratio.max
        );
        for (name, side) in [("ours", ours), ("peer", other)] {
            println!(
                "{name:>20}: {:>9.0}/s; p50 {:.3} ms, p99 {:.3} ms; {:.1} µs of CPU time; {:.0} MiB",
                side.per_second,
                side.latency.p50_ms,
                side.latency.p99_ms,
                side.cpu_us,
                side.resident_mib
            );
        }
    }

    pub(crate) fn to_json(&self, rules: usize) -> Value {
        let Self { operation, peer, ratio, cpu_ratio, sides } = self;
        let [ours, other] = sides.each_ref().map(|side| {
            json!({
                "per_second": side.per_second, "cpu_us": side.cpu_us, "resident_mib": side.resident_mib,
                "p50_ms": side.latency.p50_ms, "p99_ms": side.latency.p99_ms,
            })
        });
        json!({
            "rules": rules, "operation": operation, "peer": peer, "ratio": ratio.median,
            "ratio_min": ratio.min, "ratio_max": ratio.max, "cpu_ratio": cpu_ratio,
            "ours": ours, "other": other,
        })
    }
}
