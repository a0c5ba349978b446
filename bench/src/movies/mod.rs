//! Lists, pages, searches and films of movie-api, each beside the searches that it sends to Elasticsearch:
//! through the same HTTP client, without auth-server, and lists without the viewer's filter.

mod operation;
mod recorder;
mod side;
mod site;

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde_json::{Map, json};

use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::stats::Spread;
use operation::{Operation, Variant, variants};
use recorder::Recorder;
use side::Comparison;
use site::{Site, Viewer};

#[derive(Args)]
pub(crate) struct Options {
    /// Number of generated films.
    #[arg(long, default_value_t = 20_000)]
    films: u32,
    /// Number of pairs of each operation; a pair of complete lists is measured once in each.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Duration of each run in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
}

/// One operation by one viewer.
struct Measured {
    operation: Operation,
    viewer: Viewer,
    /// Milliseconds of each pair: bare, movie-api.
    pairs: Vec<(f64, f64)>,
}

impl Measured {
    fn name(&self) -> String {
        format!("{}_{}", self.operation.name(), self.viewer.name())
    }

    fn ratio(&self) -> Spread {
        Spread::of(self.pairs.iter().map(|(bare, movie)| bare / movie))
    }
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(options.films > 500 && options.rounds > 0, "there is nothing to measure");
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    let mut site = Site::open(&deployment, options.films).await?;
    println!(
        "{} films, {} pairs of {} s; one connection, all cores",
        options.films, options.rounds, options.seconds
    );
    let measured = compare_all(options, &mut site).await;
    site.close().await?;
    summarize(options, &measured?)
}

async fn compare_all(options: &Options, site: &mut Site) -> anyhow::Result<Vec<Measured>> {
    let prepared = prepare(site).await?;
    let mut all = Vec::new();
    for (operation, viewer, variants) in prepared {
        if operation == Operation::KeptFilter {
            site.stop_auth_server();
        }
        let comparison = Comparison { site, operation, viewer, variants: &variants };
        let measured = Measured { operation, viewer, pairs: pairs(options, &comparison).await? };
        print(&measured);
        all.push(measured);
    }
    Ok(all)
}

/// Every operation by every viewer, with its requests.
async fn prepare(site: &Site) -> anyhow::Result<Vec<(Operation, Viewer, Vec<Variant>)>> {
    let (recorder, url) = Recorder::start(&site.elasticsearch).await?;
    let proxied = site.another(&url).await?;
    let mut prepared = Vec::new();
    for operation in Operation::ALL {
        for viewer in Viewer::ALL.into_iter().filter(|viewer| operation.is_for(*viewer)) {
            let variants = variants(operation, viewer, site, (&proxied, &recorder)).await?;
            prepared.push((operation, viewer, variants));
        }
    }
    Ok(prepared)
}

/// Milliseconds of both sides by turns: bare, movie-api. The first pair is the warm-up.
async fn pairs(options: &Options, comparison: &Comparison<'_>) -> anyhow::Result<Vec<(f64, f64)>> {
    let time = Duration::from_secs(options.seconds.into());
    let films = match comparison.operation {
        Operation::List => comparison.films().await?,
        _ => 0,
    };
    let mut pairs = Vec::new();
    for round in 0..=options.rounds {
        let bare = comparison.bare(time, films).await?;
        let movie = comparison.movie_api(time).await?;
        if round > 0 {
            pairs.push((bare, movie));
        }
    }
    Ok(pairs)
}

fn print(measured: &Measured) {
    let bare = Spread::of(measured.pairs.iter().map(|(bare, _)| *bare));
    let movie = Spread::of(measured.pairs.iter().map(|(_, movie)| *movie));
    let ratio = measured.ratio();
    println!(
        "{:>27}: {:.2} ms, bare {:.2} ms, ratio {:.3} (min {:.3}, max {:.3}), target {}",
        measured.name(),
        movie.median,
        bare.median,
        ratio.median,
        ratio.min,
        ratio.max,
        measured.operation.target(),
    );
}

fn summarize(options: &Options, measured: &[Measured]) -> anyhow::Result<()> {
    let mut ratios = Map::new();
    for one in measured {
        ratios.insert(one.name(), serde_json::to_value(one.ratio())?);
    }
    let met = measured.iter().all(|one| one.ratio().median >= one.operation.target());
    let summary = json!({
        "bench": "movies", "films": options.films, "rounds": options.rounds, "ratios": ratios,
        "target_met": met,
    });
    println!("{summary}");
    Ok(())
}
