//! Import and labelling of many films, each beside a bare loop over the same Elasticsearch.

mod cluster;

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use clap::Args;
use serde_json::{Map, json};

use crate::films;
use crate::labeler::Labeler;
use crate::stats::Spread;
use cluster::Cluster;

/// Target for memory.
const MAX_RESIDENT_MIB: f64 = 200.0;

#[derive(Args)]
pub(crate) struct Options {
    /// Number of generated films.
    #[arg(long, default_value_t = 1_000_000)]
    films: u32,
    /// Number of rounds; each begins with empty indices.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// What is compared, in the order of a round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// An empty index; beside bulk requests of the same lines.
    Import,
    /// All films get labels; beside bulk updates of all films.
    FirstPass,
    /// Nothing changes; beside reading all films.
    UnchangedPass,
    /// New label rules: all films are written again; beside bulk updates of all films.
    Relabel,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Import, Self::FirstPass, Self::UnchangedPass, Self::Relabel];

    fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::FirstPass => "first_pass",
            Self::UnchangedPass => "unchanged_pass",
            Self::Relabel => "relabel",
        }
    }

    /// The least speed beside the bare loop.
    fn target(self) -> f64 {
        match self {
            Self::Import | Self::FirstPass => 0.7,
            Self::UnchangedPass => 0.8,
            Self::Relabel => 0.0,
        }
    }
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(options.rounds > 0 && options.films > 0, "there is nothing to measure");
    let file = films::generate(options.films)?;
    let labeler = Labeler::new()?;
    let cluster = Cluster::new()?;
    // The bare index has the mapping that the labeler gives its own.
    labeler.import(films::generate(1)?.path()).await?;
    cluster.create_bare_like(labeler.index()).await?;
    let measured = measure(options, &labeler, &cluster, file.path()).await;
    for index in [labeler.index(), cluster.bare_index()] {
        cluster.delete(index).await?;
    }
    summarize(options, &measured?)
}

/// The seconds of both sides of each phase and round, and the memory that the labeler took.
struct Measured {
    /// By phase: bare seconds, the labeler's seconds.
    seconds: Vec<(Phase, f64, f64)>,
    resident_mib: Vec<f64>,
}

async fn measure(
    options: &Options,
    labeler: &Labeler,
    cluster: &Cluster,
    file: &Path,
) -> anyhow::Result<Measured> {
    let mut measured = Measured { seconds: Vec::new(), resident_mib: Vec::new() };
    for (round, phase) in
        (1..=options.rounds).flat_map(|round| Phase::ALL.map(|phase| (round, phase)))
    {
        let (bare, took, resident);
        // Who begins alternates, so that caches and merges favor neither.
        if round % 2 == 0 {
            bare = bare_loop(phase, cluster, file).await?;
            (took, resident) = labeler_run(phase, labeler, cluster, file).await?;
        } else {
            (took, resident) = labeler_run(phase, labeler, cluster, file).await?;
            bare = bare_loop(phase, cluster, file).await?;
        }
        let (name, memory) = (phase.name(), course(&resident));
        println!("round {round}: {name:>14}: {took:.1} s, bare {bare:.1} s, resident {memory} MiB");
        measured.seconds.push((phase, bare, took));
        measured.resident_mib.extend(resident);
    }
    Ok(measured)
}

/// The seconds that the labeler takes, and its memory.
async fn labeler_run(
    phase: Phase,
    labeler: &Labeler,
    cluster: &Cluster,
    file: &Path,
) -> anyhow::Result<(f64, Vec<f64>)> {
    if phase == Phase::Import {
        cluster.delete(labeler.index()).await?;
    }
    let begin = Instant::now();
    let resident = match phase {
        Phase::Import => labeler.import(file).await?,
        Phase::FirstPass | Phase::UnchangedPass => labeler.once(None).await?,
        Phase::Relabel => labeler.once(Some(labeler.changed_rules())).await?,
    };
    Ok((begin.elapsed().as_secs_f64(), resident))
}

/// The seconds that the bare loop takes.
async fn bare_loop(phase: Phase, cluster: &Cluster, file: &Path) -> anyhow::Result<f64> {
    if phase == Phase::Import {
        cluster.create_bare_like(cluster.bare_index()).await?;
    }
    let begin = Instant::now();
    match phase {
        Phase::Import => cluster.write_all(file).await?,
        Phase::FirstPass => cluster.update_all(file, "a").await?,
        Phase::UnchangedPass => cluster.read_all().await?,
        Phase::Relabel => cluster.update_all(file, "b").await?,
    }
    Ok(begin.elapsed().as_secs_f64())
}

/// Ten of the samples, evenly spread over the time.
fn course(resident: &[f64]) -> String {
    let step = resident.len().div_ceil(10).max(1);
    let samples: Vec<String> =
        resident.iter().step_by(step).map(|mib| format!("{mib:.0}")).collect();
    samples.join(" ")
}

fn summarize(options: &Options, measured: &Measured) -> anyhow::Result<()> {
    let resident = measured.resident_mib.iter().copied().fold(0.0, f64::max);
    let mut met = resident <= MAX_RESIDENT_MIB;
    let mut ratios = Map::new();
    for phase in Phase::ALL {
        let of_phase = measured.seconds.iter().filter(|(of, ..)| *of == phase);
        let ratio = Spread::of(of_phase.map(|(_, bare, took)| bare / took));
        met &= ratio.median >= phase.target();
        ratios.insert(phase.name().into(), serde_json::to_value(ratio)?);
    }
    let summary = json!({
        "bench": "etl", "films": options.films, "rounds": options.rounds, "ratios": ratios,
        "resident_mib": resident, "target_met": met,
    });
    println!("{summary}");
    Ok(())
}
